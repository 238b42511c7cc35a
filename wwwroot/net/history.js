// What this browser remembers of rain that has ended: a gateway that is started again knows nothing of it.

const storageName = 'pouring-rain-history';
/** Transfers that are remembered at most. */
export const historyMax = 100;

/** What is remembered, the newest first: transfers as the gateway told of them last, with `endedAt` in milliseconds of Unix time. */
export function recallHistory() {
  try {
    const known = JSON.parse(localStorage.getItem(storageName) ?? '[]');
    return Array.isArray(known) ? known.filter(isWhole).slice(0, historyMax) : [];
  } catch {
    return [];
  }
}

/**
 * Remembers one more.
 * @param {object} transfer @param {number} endedAt 0 where nobody knows.
 * @returns {object} What is kept of it.
 */
export function rememberTransfer(transfer, endedAt) {
  // Of the map of an ended transfer all that tells is how far it came, which its figures say.
  const kept = { ...transfer, blockMap: null, endedAt };
  try {
    localStorage.setItem(storageName, JSON.stringify([kept, ...recallHistory().filter((other) => !isSameTransfer(other, kept))].slice(0, historyMax)));
  } catch {
    // Storage may be full or forbidden: then the history is as long as the gateway's.
  }

  return kept;
}

/** Whether two are the same: numbers are given anew by a gateway that is started again. */
export function isSameTransfer(one, other) {
  return String(one.id) === String(other.id) && one.resource === other.resource && one.elapsedMs === other.elapsedMs && one.state === other.state;
}

function isWhole(transfer) {
  return Number.isFinite(transfer?.endedAt) && typeof transfer.state === 'string' && typeof transfer.resource === 'string' && Array.isArray(transfer.sources);
}
