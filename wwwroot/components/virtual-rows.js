import { keyed } from './dom.js';

/** Rows above and below the window that are there all the same, so that a short scroll shows no gap. */
const marginRows = 8;

/** A taller element than this no browser lays out. */
const heightMax = 30_000_000;

/**
 * Rows of which only those in the window are elements, however many there are. The height of one is `--row-height` of the scroller.
 * @param {HTMLElement} scroller What scrolls.
 * @param {HTMLElement} sizer The element in it that is as high as all rows.
 * @param {{create: Function, update: Function, needs: (index: number) => void}} rows `create()` makes a row, `update(row, item, index)`
 * fills it; `item` is undefined for one that is not known yet, and `needs` says up to which index they are wanted.
 */
export function createVirtualRows(scroller, sizer, { create, update, needs }) {
  // Rows that have left the window: to fill one is cheaper than to make one.
  const left = [];
  let items = [];
  let total = 0;
  let frame = 0;

  // Of a row, in pixels; asked for again when the scroller is another size.
  let height = 0;
  scroller.addEventListener('scroll', drawSoon, { passive: true });
  new ResizeObserver(() => {
    height = 0;
    drawSoon();
  }).observe(scroller);

  return {
    /** @param {object[]} next The rows that are known, each with a `key`. @param {number} count How many there are in all. */
    update(next, count) {
      items = next;
      total = Math.max(count, next.length);
      draw();
    },
    toTop() {
      scroller.scrollTop = 0;
    },
    /** Puts the focus on the row of a key; false when it is not known. */
    focus(key) {
      const index = items.findIndex((item) => item.key === key);
      if (index >= 0) {
        measure();
        const top = index * height;
        if (top < scroller.scrollTop || top + height > scroller.scrollTop + scroller.clientHeight) {
          scroller.scrollTop = Math.max(0, top - scroller.clientHeight / 2);
          draw();
        }

        sizer.querySelector(`[data-key="${CSS.escape(key)}"] button`)?.focus({ preventScroll: true });
        return true;
      }

      return false;
    },
  };

  function drawSoon() {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      draw();
    });
  }

  function draw() {
    measure();
    const shown = Math.min(total, Math.floor(heightMax / height));
    const { scrollTop, clientHeight } = scroller;
    const tall = `${shown * height}px`;
    if (sizer.style.height !== tall) {
      sizer.style.height = tall;
    }

    const first = Math.max(0, Math.floor(scrollTop / height) - marginRows);
    const last = Math.min(shown, Math.ceil((scrollTop + clientHeight) / height) + marginRows);
    const window = Array.from({ length: Math.max(0, last - first) }, (_, at) => ({ index: first + at, item: items[first + at] }));

    // Whoever is in a row stays there, however far it is scrolled away.
    const held = document.activeElement?.closest?.('[data-key]');
    const heldIndex = held && sizer.contains(held) ? items.findIndex((item) => item.key === held.dataset.key) : -1;
    if (heldIndex >= 0 && heldIndex < first) {
      window.unshift({ index: heldIndex, item: items[heldIndex] });
    } else if (heldIndex >= last) {
      window.push({ index: heldIndex, item: items[heldIndex] });
    }

    keyed(sizer, window, ({ index, item }) => item?.key ?? `unknown ${index}`, take, (row, { index, item }) => {
      const top = `translateY(${index * height}px)`;
      if (row.style.transform !== top) {
        row.style.transform = top;
      }

      row.setAttribute('aria-rowindex', String(index + 2));
      update(row, item, index);
    });
    if (last > 0) {
      needs(last - 1);
    }
  }

  function take() {
    const known = left.pop();
    if (known !== undefined) {
      return known;
    }

    const row = create();
    row.addEventListener('removed', () => left.push(row));
    return row;
  }

  function measure() {
    height ||= parseFloat(getComputedStyle(scroller).getPropertyValue('--row-height')) || 44;
  }
}
