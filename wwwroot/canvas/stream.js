// Droplets a second, one band a server, flowing to the left. A frame moves the picture and draws the new columns only.

import { niceCeiling, peakRate, ratesAt } from '../logic/transfers.js';
import { fit } from './frames.js';
import { serverColour } from './palette.js';

/** What the picture spans, from its left edge to now. */
export const windowMs = 20000;

/** Drawn this much after the fact, so that there is a later sample to draw towards. */
const lagMs = 450;

/** A stream on a canvas. */
export function createStream(canvas) {
  let context = null;
  let width = 0;
  let height = 0;
  let ratio = 1;
  let drawnTo = 0;
  let top = 10;
  let colours = [];
  let rates = new Float64Array(4);

  return {
    get top() { return top; },
    resize(newWidth, newHeight) {
      width = newWidth;
      height = newHeight;
      context = fit(canvas, width, height);
      ratio = canvas.width / Math.max(1, width);
      drawnTo = 0;
    },
    recolour() {
      colours = [];
      drawnTo = 0;
    },
    /** Moves a running transfer's stream on. */
    draw(record, now) {
      if (context === null) {
        return;
      }

      const until = now - lagMs;
      const stepMs = windowMs / canvas.width;
      const wanted = niceCeiling(peakRate(record, until - windowMs, now) * 1.05);
      if (wanted > top || wanted < top / 2.4 || drawnTo === 0 || until - drawnTo > windowMs) {
        top = wanted;
        context.setTransform(1, 0, 0, 1, 0, 0);
        context.clearRect(0, 0, canvas.width, canvas.height);
        drawnTo = until;
        columns(record, 0, canvas.width, until - windowMs, stepMs);
        return;
      }

      const fresh = Math.floor((until - drawnTo) / stepMs);
      if (fresh < 1) {
        return;
      }

      context.setTransform(1, 0, 0, 1, 0, 0);
      context.globalCompositeOperation = 'copy';
      context.drawImage(canvas, -fresh, 0);
      context.globalCompositeOperation = 'source-over';
      columns(record, canvas.width - fresh, canvas.width, drawnTo, stepMs);
      drawnTo += fresh * stepMs;
    },
    /** Draws a transfer that has ended, from its first sample to its last. */
    drawWhole(record) {
      if (context === null || record.samples.length < 2) {
        return;
      }

      const from = record.samples[0].t;
      const to = record.samples.at(-1).t;
      top = niceCeiling(peakRate(record, from, to) * 1.05);
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, canvas.width, canvas.height);
      columns(record, 0, canvas.width, from, (to - from) / canvas.width);
      drawnTo = 0;
    },
  };

  function columns(record, fromX, toX, fromMs, stepMs) {
    const count = record.endpoints.length;
    if (rates.length < count) {
      rates = new Float64Array(count + 8);
    }

    const view = rates.subarray(0, count);
    const perRate = (canvas.height - ratio) / top;
    for (let x = fromX; x < toX; x++) {
      ratesAt(record, fromMs + (x - fromX + 1) * stepMs, view);
      let y = canvas.height;
      for (let server = 0; server < count; server++) {
        const tall = view[server] * perRate;
        if (tall > 0.05) {
          context.fillStyle = colours[server] ??= serverColour(server);
          context.fillRect(x, y - tall, 1, tall);
          y -= tall;
        }
      }
    }
  }
}
