// What the page remembers of transfers: the newest snapshot of each, and a history of droplet rates per server. Pure: time is given.

const running = new Set(['discovering', 'raining']);
const sampleSpacingMs = 180;
const lastSpacingMs = 60;
const clockDriftMaxMs = 1500;
const sampleCountMax = 1200;
const transferCountMax = 200;

/** An empty book. */
export function createBook() {
  return { records: new Map() };
}

/** Whether a transfer is under way. */
export function isRunning(transfer) {
  return running.has(transfer.state);
}

/** Whether nothing is known of what is looked for, or was: each upload under a name is one, for the name has to be free. */
export function isSearch({ length, receivedBytes }) {
  return !Number.isFinite(length) && !(receivedBytes > 0);
}

/** What to call what a transfer brings: by the name of the very version, which may be another by now. */
export function nameOfTransfer(transfer) {
  return transfer.fileName || `Resource ${transfer.resource}`;
}

/**
 * Takes a snapshot in.
 * @returns {{record: object, isNew: boolean, hasEnded: boolean} | null} null for what is no transfer.
 */
export function observe(book, transfer, nowMs) {
  if (!transfer || !Number.isSafeInteger(Number(transfer.id)) || typeof transfer.state !== 'string') {
    return null;
  }

  const id = Number(transfer.id);
  const sources = Array.isArray(transfer.sources) ? transfer.sources : [];
  const latest = { ...transfer, id, sources };
  let record = book.records.get(id);
  const isNew = record === undefined;
  if (isNew) {
    record = { id, latest, firstSeenMs: nowMs, endpoints: [], samples: [], previous: null, wasLive: isRunning(latest) };
    book.records.set(id, record);
    forgetOldest(book);
  }

  const hasEnded = !isNew && isRunning(record.latest) && !isRunning(latest);
  if (!isNew && !isRunning(record.latest) && isRunning(latest)) {
    // An answer to an older question came late.
    return { record, isNew: false, hasEnded: false };
  }

  if (!isNew && latest.resource !== record.latest.resource) {
    // The gateway was started again and counts anew.
    book.records.delete(id);
    return observe(book, transfer, nowMs);
  }

  record.latest = latest;
  addSample(record, nowMs, hasEnded);
  return { record, isNew, hasEnded };
}

/** Forgets what a restarted gateway no longer knows. */
export function retain(book, ids) {
  for (const id of [...book.records.keys()]) {
    if (!ids.has(id)) {
      book.records.delete(id);
    }
  }
}

/** Forgets what has ended: after a break, its numbers may mean other transfers. */
export function forgetEnded(book) {
  for (const record of [...book.records.values()]) {
    if (!isRunning(record.latest)) {
      book.records.delete(record.id);
    }
  }
}

/** Running transfers, oldest first (so that cards do not jump), and ended ones, newest first. */
export function ordered(book) {
  const all = [...book.records.values()].sort((a, b) => a.id - b.id);
  return { running: all.filter((record) => isRunning(record.latest)), ended: all.filter((record) => !isRunning(record.latest)).reverse() };
}

/** Bytes a second over the last second or two; the whole transfer's average once it has ended. */
export function byteRate(record) {
  const { latest, samples } = record;
  if (!isRunning(latest)) {
    return latest.elapsedMs > 0 ? latest.receivedBytes / (latest.elapsedMs / 1000) : 0;
  }

  const last = samples.at(-1);
  if (!last) {
    return 0;
  }

  const first = samples.find((sample) => last.t - sample.t < 2000) ?? last;
  return last.t > first.t ? Math.max(0, (last.wireBytes - first.wireBytes) / ((last.t - first.t) / 1000)) : 0;
}

/** Droplets lost / droplets sent, over all sources. */
export function lossOf(transfer) {
  let lost = 0;
  let came = 0;
  for (const source of [...transfer.sources, transfer.replaced ?? {}]) {
    lost += source.lost ?? 0;
    came += source.droplets ?? 0;
  }

  return lost + came > 0 ? lost / (lost + came) : 0;
}

/** The smallest round-trip time that is known, in milliseconds, or null. */
export function bestRtt(transfer) {
  const known = transfer.sources.map((source) => source.rttMs).filter((rtt) => Number.isFinite(rtt));
  return known.length > 0 ? Math.min(...known) : null;
}

/** Share of the resource that is verified, 0 to 1. */
export function progress(transfer) {
  if (transfer.length > 0) {
    return Math.min(1, transfer.receivedBytes / transfer.length);
  }

  return transfer.state === 'completed' ? 1 : 0;
}

/** Milliseconds left at the present rate, or null. */
export function timeLeft(record) {
  const { latest } = record;
  const speed = byteRate(record);
  return isRunning(latest) && latest.length > 0 && speed > 0 ? Math.max(0, (latest.length - latest.receivedBytes) / speed) * 1000 : null;
}

/** Droplets a second of every source at a moment, interpolated between samples, into `target`. */
export function ratesAt(record, timeMs, target) {
  const { samples } = record;
  target.fill(0);
  let after = samples.length;
  while (after > 0 && samples[after - 1].t > timeMs) {
    after--;
  }

  if (after === 0 || (after === samples.length && timeMs - (samples.at(-1)?.t ?? 0) > 3000)) {
    return target;
  }

  const left = samples[after - 1];
  const right = samples[after] ?? left;
  const share = right.t > left.t ? (timeMs - left.t) / (right.t - left.t) : 0;
  const eased = share * share * (3 - 2 * share);
  for (let source = 0; source < target.length; source++) {
    const a = left.rates[source] ?? 0;
    const b = right.rates[source] ?? 0;
    target[source] = a + (b - a) * eased;
  }

  return target;
}

/** Bytes a second that came from one source in the last two seconds; what the gateway says of it when nothing was seen of that. */
export function sourceRate(record, source) {
  const { latest, samples, endpoints } = record;
  const index = endpoints.indexOf(source.endpoint);
  let seen = 0;
  let sum = 0;
  for (let at = samples.length - 1; at > 0 && samples.at(-1).t - samples[at].t < 2000; at--) {
    seen++;
    sum += samples[at].rates[index] ?? 0;
  }

  return isRunning(latest) && seen > 0 && source.droplets > 0 ? sum / seen * source.bytes / source.droplets : source.rateBytesPerSecond ?? 0;
}

/** The highest sum of rates between two moments. */
export function peakRate(record, fromMs, toMs) {
  let peak = 0;
  for (const sample of record.samples) {
    if (sample.t >= fromMs && sample.t <= toMs) {
      peak = Math.max(peak, sample.total);
    }
  }

  return peak;
}

/** A round number not below the value, for the top of a scale: 1, 2 or 5 times a power of ten. */
export function niceCeiling(value) {
  if (!(value > 0)) {
    return 10;
  }

  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= value * 0.9999);
}

function addSample(record, nowMs, isLast) {
  const { latest, previous } = record;
  const time = timeOf(record, nowMs);
  if (previous && time - previous.t < (isLast ? lastSpacingMs : sampleSpacingMs)) {
    return;
  }

  const droplets = [];
  const lost = [];
  const given = [];
  let wireBytes = latest.replaced?.bytes ?? 0;
  const isHere = new Set(latest.sources.map((source) => source.endpoint));
  for (const source of latest.sources) {
    const index = placeOf(record, source.endpoint, isHere);
    droplets[index] = source.droplets ?? 0;
    lost[index] = source.lost ?? 0;
    given[index] = source.givenBytes ?? 0;
    wireBytes += source.bytes ?? 0;
  }

  const seconds = previous ? (time - previous.t) / 1000 : 0;
  const rates = [];
  const lostRates = [];
  const givenRates = [];
  let total = 0;
  for (let index = 0; index < record.endpoints.length; index++) {
    const rise = (now, before) => (previous ? Math.max(0, (now[index] ?? 0) - (before[index] ?? 0)) / seconds : 0);
    rates[index] = rise(droplets, previous?.droplets);
    lostRates[index] = rise(lost, previous?.lost);
    givenRates[index] = rise(given, previous?.given);
    total += rates[index];
  }

  record.previous = { t: time, droplets, lost, given };
  record.samples.push({ t: time, rates, lostRates, givenRates, total, wireBytes });
  if (record.samples.length > sampleCountMax) {
    record.samples = thin(record.samples);
  }
}

/** A source's place in the picture: its own, or else that of one which has made way, or a new one. */
function placeOf(record, endpoint, isHere) {
  const { endpoints, previous } = record;
  const own = endpoints.indexOf(endpoint);
  if (own >= 0) {
    return own;
  }

  const free = endpoints.findIndex((other) => !isHere.has(other));
  const index = free >= 0 ? free : endpoints.length;
  endpoints[index] = endpoint;
  for (const figures of previous && free >= 0 ? [previous.droplets, previous.lost, previous.given] : []) {
    figures[index] = 0;
  }

  return index;
}

/**
 * When a snapshot was taken, on the page's clock: by the gateway's own count of milliseconds, shifted by the least delay seen, so
 * that events that come bunched up do not look like a cloudburst.
 */
function timeOf(record, nowMs) {
  const elapsed = record.latest.elapsedMs ?? 0;
  record.shiftMs = Math.min(record.shiftMs ?? Infinity, nowMs - elapsed);
  const time = record.shiftMs + elapsed;
  if (nowMs - time > clockDriftMaxMs) {
    // The transfer pauses, and its count with it.
    record.shiftMs = nowMs - elapsed;
    return nowMs;
  }

  return time;
}

/** Halves the resolution of the older half. */
function thin(samples) {
  const middle = samples.length >> 1;
  return samples.filter((_, index) => index >= middle || index % 2 === 0);
}

function forgetOldest(book) {
  while (book.records.size > transferCountMax) {
    const oldestEnded = [...book.records.values()].find((record) => !isRunning(record.latest));
    book.records.delete((oldestEnded ?? book.records.values().next().value).id);
  }
}
