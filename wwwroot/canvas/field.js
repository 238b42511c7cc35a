// The field of blocks: the water rises from the bottom left; a cell lights up when its block is verified, then settles.
// Only what changes is drawn.

import { cellLevels, changedCells, layOut, readBlockMap } from '../logic/blocks.js';
import { fit, stillness } from './frames.js';
import { colour } from './palette.js';

const settleMs = 900;
const steps = 24;

/** A field on a canvas. */
export function createField(canvas) {
  let context = null;
  let layout = null;
  let width = 0;
  let heightMax = 0;
  let blockCount = 0;
  let levels = new Float32Array(0);
  let settling = new Map();
  let shades = null;
  let recent = [];
  let highest = 0;

  return {
    get height() { return layout?.height ?? 0; },
    resize(newWidth, newHeightMax) {
      width = newWidth;
      heightMax = newHeightMax;
      place();
    },
    recolour() {
      shades = null;
      paintAll();
    },
    update(transfer, now) {
      const blocks = readBlockMap(transfer.blockMap, Math.max(0, transfer.blocks | 0), transfer.decodedBlocks);
      const isNewShape = blocks.length !== blockCount;
      blockCount = blocks.length;
      if (isNewShape) {
        levels = new Float32Array(0);
        place();
      }

      if (layout === null || blockCount === 0) {
        return;
      }

      const next = cellLevels(blocks, layout.cells, layout.perCell);
      if (levels.length !== next.length) {
        levels = next;
        paintAll();
        return;
      }

      const changed = changedCells(levels, next);
      levels = next;
      for (const cell of changed) {
        settling.set(cell, now);
      }

      if (changed.length > 0) {
        recent = changed.slice(-48);
      }
    },
    /** Draws the cells that are settling; the number of them is given back. */
    draw(now) {
      if (context === null || settling.size === 0) {
        return 0;
      }

      prepareShades();
      let lastShade = '';
      for (const [cell, since] of settling) {
        const age = stillness.matches ? 1 : Math.min(1, (now - since) / settleMs);
        const shade = levels[cell] === 0 ? shades.empty : shades.ramp[Math.floor(age * (steps - 1))];
        if (shade !== lastShade) {
          context.fillStyle = shade;
          lastShade = shade;
        }

        paintCell(cell);
        if (age >= 1) {
          settling.delete(cell);
        }
      }

      return settling.size;
    },
    /** How far below the field's top the water stands where blocks were completed last, in CSS pixels. */
    surface(random) {
      if (layout === null) {
        return 0;
      }

      return yOf(recent.length > 0 ? recent[Math.floor(random * recent.length)] : highest);
    },
  };

  function place() {
    if (width <= 0) {
      return;
    }

    layout = layOut(blockCount, width, heightMax);
    context = fit(canvas, width, Math.max(1, layout.height));
    levels = levels.length === layout.cells ? levels : new Float32Array(0);
    settling = new Map();
    recent = [];
    paintAll();
  }

  function paintAll() {
    if (context === null || layout === null) {
      return;
    }

    prepareShades();
    settling.clear();
    highest = Math.max(0, levels.findLastIndex((level) => level > 0));
    context.clearRect(0, 0, width, layout.height);
    for (let cell = 0; cell < (blockCount === 0 ? 0 : layout.cells); cell++) {
      context.fillStyle = shadeOf(levels[cell] ?? 0);
      paintCell(cell);
    }
  }

  function paintCell(cell) {
    const side = layout.pitch - layout.gap;
    const x = (cell % layout.columns) * layout.pitch;
    const y = yOf(cell);
    const level = levels[cell] ?? 0;
    if (level > 0 && level < 1) {
      const full = context.fillStyle;
      context.fillStyle = shades.empty;
      context.fillRect(x, y, side, side);
      context.fillStyle = full;
      const filled = Math.max(1, side * level);
      context.fillRect(x, y + side - filled, side, filled);
      return;
    }

    context.fillRect(x, y, side, side);
  }

  /** Block 0 lies at the bottom left. */
  function yOf(cell) {
    return layout.height - (Math.floor(cell / layout.columns) + 1) * layout.pitch + layout.gap;
  }

  function shadeOf(level) {
    return level > 0 ? shades.ramp[steps - 1] : shades.empty;
  }

  function prepareShades() {
    if (shades !== null) {
      return;
    }

    const flash = colour('--cell-flash');
    const settled = colour('--cell-full');
    shades = {
      empty: colour('--cell-empty'),
      ramp: Array.from({ length: steps }, (_, step) => {
        const share = Math.round((step / (steps - 1)) * 100);
        return step === steps - 1 ? settled : `color-mix(in oklab, ${settled} ${share}%, ${flash})`;
      }),
    };
  }
}
