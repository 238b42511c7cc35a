// The list of uploads as a machine. Pure: `step` gives the list after an event, and an event that does not fit the state of its upload,
// or that comes from a run which is no longer the present one, changes nothing.
//
//   waiting ── started → sending ⇄ finishing → done | failed        paused ── resume → waiting        failed, cancelled ── retry → waiting
//                          ⇅ broken                                  asking ── replace → waiting
//   remembered (begun by an earlier page) waits for its file         cancelling → cancelled | done
//
// Every run has a number: what an aborted run still reports is late, and belongs to nobody.

const activeMax = 2;

/** A list of as many is shown whole, and of a longer one as many; of what has ended well as many while others go on, for it comes first. */
const shortMax = 20;
const shownMax = 100;
const endedMax = 2;
const underWay = ['sending', 'finishing', 'broken'];
const over = ['done', 'failed', 'cancelled'];

/** For each event: the states it is for, and what it makes of the upload. */
const moves = {
  started: [['waiting'], (item, { run }) => ({ state: 'sending', run, speed: null, problem: null })],
  located: [underWay, (item, { location }) => ({ location })],
  progress: [underWay, (item, { sent, speed }) => ({ state: sent >= item.length ? 'finishing' : 'sending', sent: Math.min(sent, item.length), speed, problem: null })],
  renewed: [underWay, () => ({ location: null, sent: 0, speed: null, wasRenewed: true })],
  broke: [['sending', 'finishing'], (item, { problem, nextAtMs }) => ({ state: 'broken', speed: null, problem, nextAtMs })],
  occupied: [underWay, (item, { occupant }) => ({ state: 'asking', location: null, sent: 0, speed: null, occupant })],
  replace: [['asking'], (item) => ({ state: 'waiting', replaces: item.occupant.etag })],
  pause: [['waiting', 'sending', 'broken'], () => ({ state: 'paused', speed: null })],
  resume: [['paused'], () => ({ state: 'waiting' })],
  cancel: [
    ['waiting', 'asking', 'paused', 'remembered', ...underWay],
    (item) => ({ state: item.location === null && !underWay.includes(item.state) ? 'cancelled' : 'cancelling', speed: null }),
  ],
  cancelled: [['cancelling'], (item, { problem }) => ({ state: 'cancelled', problem: problem ?? null })],
  finished: [[...underWay, 'cancelling'], (item, { result }) => ({ state: 'done', sent: item.length, result, wasLate: item.state === 'cancelling' })],
  failed: [underWay, (item, { problem }) => ({ state: 'failed', problem })],
  retry: [['failed', 'cancelled'], () => ({ state: 'waiting', location: null, sent: 0, problem: null, replaces: null, wasLate: false, wasRenewed: false })],
};

/** An empty list. */
export function createQueue() {
  return { next: 1, items: [] };
}

/** The list after an event. `details.run` is the number of the run that tells of it; what a person wants has none. */
export function step(queue, key, event, details = {}) {
  const at = queue.items.findIndex((item) => item.key === key);
  const next = at < 0 ? undefined : moved(queue.items[at], event, details);
  return next === queue.items[at] ? queue : { ...queue, items: queue.items.with(at, next) };
}

/** The list after what a person wants of all that it fits, or of those that are meant. */
export function stepAll(queue, event, isMeant = () => true) {
  return { ...queue, items: queue.items.map((item) => (isMeant(item) ? moved(item, event, {}) : item)) };
}

function moved(item, event, details) {
  const [from, change] = moves[event];
  const fits = from.includes(item.state) && (details.run === undefined || event === 'started' || details.run === item.run);
  return fits ? { ...item, ...change(item, details) } : item;
}

/**
 * Adds files, each under its path in a folder; the first goes under the id in place of a path, if there is one. One that was begun before
 * goes on where it stopped, where it is to be the same. One that is on the list already, and is to be the same, is not added again: a
 * paused one goes on instead.
 * @param {{file: File, path: string}[]} files The path is that in the folder that was chosen or dropped, or the name.
 * @param {{id?: string | null, folder?: string, code?: string, replicas?: string}} options The folder is '' or ends with a slash.
 * @param {object} memory What is remembered, by location (net/memory.js).
 * @returns {{queue: object, known: object[]}} The list, and those that were on it already.
 */
export function enqueue(queue, files, { id = null, folder = '', code = '', replicas = '' }, memory = {}) {
  const known = [];
  const items = [...queue.items];
  const isHeld = (item) => !isOver(item) && item.state !== 'remembered';

  // A drop may be of thousands: neither the list nor the memory is gone through for each of them.
  const held = queue.items.map((item, at) => at).filter((at) => isHeld(items[at]));
  const places = Map.groupBy(held, (at) => items[at].fingerprint);
  const taken = new Set(held.map((at) => items[at].location));
  const recalled = new Set();
  const begunBefore = Map.groupBy(Object.values(memory), (each) => each.fingerprint);
  let next = queue.next;
  [...files].forEach(({ file, path }, index) => {
    const target = index === 0 && id !== null ? { id, path: null } : { id: null, path: `${folder}${path}` };
    // Whoever chooses a file again without saying where means where it goes already.
    const isSame = (other) => (other.id === target.id && (other.path ?? null) === target.path) || (target.id === null && other.id !== null);
    const print = fingerprint(file);
    const alike = places.get(print) ?? [];
    const twin = alike.find((at) => isSame(items[at]));
    if (twin !== undefined) {
      known.push(items[twin]);
      items[twin] = moved(items[twin], 'resume', {});
      return;
    }

    const begun = begunBefore.get(print)?.find((each) => !taken.has(each.location) && isSame(each));
    if (begun) {
      taken.add(begun.location);
      recalled.add(begun.location);
    }

    places.set(print, alike);
    alike.push(items.length);
    items.push(createItem(next++, { fingerprint: print, name: file.name, length: file.size, ...target, ...begun }, { file, code, replicas, state: 'waiting' }));
  });
  return { queue: { next, items: items.filter((item) => item.state !== 'remembered' || !recalled.has(item.location)) }, known };
}

/** Rows for uploads that an earlier page began: they wait for their files. */
export function recall(queue, memory) {
  const items = Object.values(memory).map((known, index) => createItem(queue.next + index, known, { file: null, code: '', replicas: '', state: 'remembered' }));
  return { next: queue.next + items.length, items: [...queue.items, ...items] };
}

/** What a file is known by when it is chosen again: a browser tells neither its path nor its content's digest. */
export function fingerprint(file) {
  return `${file.lastModified}/${file.size}/${file.name}`;
}

/** The one that may start now, or null. */
export function nextToStart(queue) {
  const places = activeMax - queue.items.filter((item) => underWay.includes(item.state)).length;
  return places > 0 ? queue.items.find((item) => item.state === 'waiting') ?? null : null;
}

/** Takes one that is over off the list, or with no key all of them. */
export function dismiss(queue, key = null) {
  return { ...queue, items: queue.items.filter((item) => (key !== null && item.key !== key) || !isOver(item)) };
}

/** How the list stands: how many are under way or wait, how many are over, how far those are that are or will be stored. */
export function summary({ items }) {
  const seen = { open: 0, over: 0, failed: 0, again: 0, asking: 0, pausable: 0, paused: 0, cancellable: 0 };
  let length = 0;
  let sent = 0;
  for (const item of items) {
    seen.failed += item.state === 'failed';
    seen.again += item.state === 'failed' && item.file !== null;
    if (item.state === 'done' || (!isOver(item) && item.state !== 'remembered')) {
      length += item.length;
      sent += item.sent;
    }

    if (isOver(item)) {
      seen.over++;
    } else if (item.state !== 'remembered') {
      seen.open++;
      seen.asking += item.state === 'asking';
      seen.pausable += canPause(item);
      seen.paused += item.state === 'paused';
      seen.cancellable += item.state !== 'cancelling';
    }
  }

  return { ...seen, share: length > 0 ? sent / length : 0 };
}

/**
 * Those of a long list that are shown, in its order: what goes on, what somebody has to look at, what comes next, and what ended last. More
 * nobody reads, and each takes its time to be laid out.
 * @returns {object[]}
 */
export function shownOf({ items }) {
  if (items.length <= shortMax) {
    return items;
  }

  const [going, needing, next, ended] = [[], [], [], []];
  items.forEach((item, at) => {
    const kind = ['failed', 'asking'].includes(item.state) ? needing : isOver(item) ? ended : ['waiting', 'paused', 'remembered'].includes(item.state) ? next : going;
    kind.push(at);
  });
  const last = ended.slice(items.every(isOver) ? -shownMax : -endedMax);
  return [going, needing, last, next].flat().slice(0, shownMax).sort((a, b) => a - b).map((at) => items[at]);
}

/** Where an upload goes, for people. */
export function targetOf({ id, path }) {
  return id === null ? path : `id ${id}`;
}

/** Whether nothing more will happen to it. */
export function isOver(item) {
  return over.includes(item.state);
}

/** Whether it can be halted now and gone on with later. */
export function canPause(item) {
  return moves.pause[0].includes(item.state);
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

function createItem(key, { fingerprint: print, name, length, id = null, path = null, location = null, sent = 0 }, more) {
  return {
    key,
    fingerprint: print,
    name,
    length,
    id,
    // An earlier page may have remembered one that had neither.
    path: path ?? (id === null ? name : null),
    location,
    sent,
    run: 0,
    speed: null,
    problem: null,
    nextAtMs: 0,
    occupant: null,
    replaces: null,
    result: null,
    wasRenewed: false,
    wasLate: false,
    ...more,
  };
}
