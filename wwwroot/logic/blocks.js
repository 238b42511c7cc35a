// The map of verified blocks, and how it is laid out as a field of cells. Pure.

/**
 * Reads a block map: lengths of runs in turn, the first one missing, the next verified, and so on. [0, 3, 2, 1] is three
 * verified, two missing, one verified. Without a map the first `decoded` blocks are taken as verified.
 * @returns {Uint8Array} 1 for each verified block.
 */
export function readBlockMap(map, blockCount, decoded) {
  const blocks = new Uint8Array(blockCount);
  if (!Array.isArray(map)) {
    blocks.fill(1, 0, Math.min(blockCount, Math.max(0, decoded)));
    return blocks;
  }

  let at = 0;
  for (let run = 0; run < map.length && at < blockCount; run++) {
    const length = Number.isSafeInteger(map[run]) && map[run] > 0 ? map[run] : 0;
    const end = Math.min(blockCount, at + length);
    if (run % 2 === 1) {
      blocks.fill(1, at, end);
    }

    at = end;
  }

  return blocks;
}

/** Pitches tried, in CSS pixels, biggest first: a field of few blocks gets big cells, one of very many gets shared ones. */
const pitches = [22, 18, 15, 12, 10, 8, 7, 6, 5, 4, 3];

/**
 * Lays blocks out in rows. When even the smallest cells do not fit, a cell stands for several neighbouring blocks.
 * @returns {{pitch: number, gap: number, columns: number, rows: number, cells: number, perCell: number, height: number}}
 */
export function layOut(blockCount, width, heightMax) {
  const blocks = Math.max(1, blockCount);
  for (const pitch of pitches) {
    const columns = Math.max(1, Math.floor(width / pitch));
    const rows = Math.ceil(blocks / columns);
    if (rows * pitch <= heightMax) {
      return finish(pitch, columns, blocks, 1);
    }
  }

  const pitch = pitches.at(-1);
  const columns = Math.max(1, Math.floor(width / pitch));
  const rows = Math.max(1, Math.floor(heightMax / pitch));
  const perCell = Math.ceil(blocks / (columns * rows));
  return finish(pitch, columns, Math.ceil(blocks / perCell), perCell);

  function finish(size, across, cells, share) {
    const down = Math.ceil(cells / across);
    return { pitch: size, gap: size >= 8 ? 2 : 1, columns: across, rows: down, cells, perCell: share, height: down * size };
  }
}

/** How much of each cell is verified, 0 to 1. */
export function cellLevels(blocks, cells, perCell) {
  const levels = new Float32Array(cells);
  for (let cell = 0; cell < cells; cell++) {
    const end = Math.min(blocks.length, (cell + 1) * perCell);
    const begin = cell * perCell;
    let verified = 0;
    for (let block = begin; block < end; block++) {
      verified += blocks[block];
    }

    levels[cell] = end > begin ? verified / (end - begin) : 0;
  }

  return levels;
}

/** The cells whose level differs. */
export function changedCells(before, after) {
  const changed = [];
  for (let cell = 0; cell < after.length; cell++) {
    if (before[cell] !== after[cell]) {
      changed.push(cell);
    }
  }

  return changed;
}
