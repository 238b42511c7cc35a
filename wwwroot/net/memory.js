// What the page remembers of uploads that are not finished, in this browser, across reloads.

const storageName = 'pouring-rain-uploads';

/** As long as the gateway keeps what it has of one, unless it says otherwise. */
const ageMaxMs = 24 * 3600 * 1000;

/** All that is remembered: {location: {fingerprint, location, id, path, name, length, sent, atMs}}. */
export function recallUploads(nowMs) {
  const known = read();
  return Object.fromEntries(Object.entries(known).filter(([, upload]) => isWhole(upload) && nowMs - upload.atMs < ageMaxMs));
}

/** Remembers an upload, or how far it has come. */
export function remember(upload) {
  write({ ...read(), [upload.location]: upload });
}

/** Forgets one. */
export function forget(location) {
  const known = read();
  delete known[location];
  write(known);
}

function isWhole(upload) {
  return ['location', 'fingerprint', 'name'].every((field) => typeof upload?.[field] === 'string')
    && ['length', 'sent', 'atMs'].every((field) => Number.isFinite(upload[field]));
}

function read() {
  try {
    const known = JSON.parse(localStorage.getItem(storageName) ?? '{}');
    return known !== null && typeof known === 'object' && !Array.isArray(known) ? known : {};
  } catch {
    return {};
  }
}

function write(known) {
  try {
    localStorage.setItem(storageName, JSON.stringify(known));
  } catch {
    // Storage may be full or forbidden: then a reload begins anew.
  }
}
