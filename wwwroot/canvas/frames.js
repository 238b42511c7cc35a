// One animation loop for all canvases; it rests when nobody wants frames or the page is hidden.

const drawers = new Set();
let handle = 0;

/** Calls `draw(nowMs)` every frame until the returned function is called. */
export function everyFrame(draw) {
  drawers.add(draw);
  start();
  return () => {
    drawers.delete(draw);
  };
}

function start() {
  if (handle === 0 && drawers.size > 0) {
    handle = requestAnimationFrame(tick);
  }
}

function tick(now) {
  handle = 0;
  for (const draw of drawers) {
    draw(now);
  }

  start();
}

/** Whether the reader has asked for less movement. */
export const stillness = matchMedia('(prefers-reduced-motion: reduce)');

/** Sizes a canvas in device pixels and gives its context, scaled to CSS pixels; null while it has no size. */
export function fit(canvas, width, height) {
  const ratio = Math.min(3, window.devicePixelRatio || 1);
  const across = Math.round(width * ratio);
  const down = Math.round(height * ratio);
  if (across < 1 || down < 1) {
    return null;
  }

  if (canvas.width !== across || canvas.height !== down) {
    canvas.width = across;
    canvas.height = down;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }

  const context = canvas.getContext('2d');
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}
