// The queue of uploads. Pure: each step gives a new state.
//
// waiting → sending → finishing → done | failed. A big file is sent in pieces that the gateway keeps (net/resumable.js): then it can be
// paused, goes on by itself after a break (broken → sending), and is remembered across a reload until its file is chosen again.

const activeMax = 2;
const active = new Set(['sending', 'finishing', 'broken']);
const over = new Set(['done', 'failed', 'cancelled']);

/** From here on an upload is worth resuming: less is sent again in seconds. */
export const resumableBytesMin = 8 * 1024 * 1024;

/** An empty queue. */
export function createQueue() {
  return { next: 1, items: [] };
}

/**
 * Adds files; only the first gets the id, the others take theirs from their content. One that was begun before goes on where it
 * stopped, unless another id is wanted for it now.
 * @param {object} memory What is remembered, by fingerprint (net/memory.js).
 */
export function enqueue(queue, files, { id, code, replicas }, memory = {}) {
  const items = [...files].map((file, index) => {
    const wanted = index === 0 ? id : null;
    const known = memory[fingerprint(file)];
    const begun = known && (wanted === null || wanted === known.id) ? known : null;
    return {
      key: queue.next + index,
      file,
      name: file.name,
      length: file.size,
      id: begun ? begun.id : wanted,
      code,
      replicas,
      fingerprint: fingerprint(file),
      canResume: file.size >= resumableBytesMin,
      location: begun?.location ?? null,
      sent: begun?.sent ?? 0,
      speed: null,
      state: 'waiting',
      problem: null,
      result: null,
    };
  });
  const found = new Set(items.filter((item) => item.location !== null).map((item) => item.fingerprint));
  const left = queue.items.filter((item) => !(item.state === 'remembered' && found.has(item.fingerprint)));
  return { next: queue.next + items.length, items: [...left, ...items] };
}

/** Rows for uploads that an earlier page began: they wait for their files. */
export function recall(queue, memory) {
  const items = Object.entries(memory).map(([print, known], index) => ({
    key: queue.next + index,
    file: null,
    name: known.name,
    length: known.length,
    id: known.id,
    fingerprint: print,
    canResume: true,
    location: known.location,
    sent: known.sent,
    speed: null,
    state: 'remembered',
    problem: null,
    result: null,
  }));
  return { next: queue.next + items.length, items: [...queue.items, ...items] };
}

/** What a file is known by when it is chosen again: a browser tells neither its path nor its content's digest. */
export function fingerprint(file) {
  return `${file.lastModified}/${file.size}/${file.name}`;
}

/** Those that may start now. */
export function startable(queue) {
  const underWay = queue.items.filter((item) => active.has(item.state)).length;
  return queue.items.filter((item) => item.state === 'waiting').slice(0, Math.max(0, activeMax - underWay));
}

/** Changes one item. A cancelled or ended one stays as it is. */
export function change(queue, key, changes) {
  return { ...queue, items: queue.items.map((item) => (item.key === key && !isOver(item) ? { ...item, ...changes } : item)) };
}

/** Takes an item off the list. */
export function dismiss(queue, key) {
  return { ...queue, items: queue.items.filter((item) => item.key !== key) };
}

/** Whether nothing more will happen to it. */
export function isOver(item) {
  return over.has(item.state);
}

/** Whether it can be halted now and gone on with later. */
export function canPause(item) {
  return item.canResume && (item.state === 'sending' || item.state === 'broken');
}

/**
 * Bytes a second, smoothed over some seconds.
 * @param {{bytes: number, atMs: number, speed: number | null} | null} before The last measure.
 * @returns The next measure.
 */
export function measure(before, bytes, atMs) {
  if (before === null || bytes < before.bytes) {
    return { bytes, atMs, speed: null };
  }

  const seconds = (atMs - before.atMs) / 1000;
  if (seconds < 0.2) {
    return before;
  }

  const now = (bytes - before.bytes) / seconds;
  const weight = 1 - Math.exp(-seconds / 3);
  return { bytes, atMs, speed: before.speed === null ? now : before.speed + (now - before.speed) * weight };
}
