// The one owner of the list of uploads: it alone changes it, by the machine of logic/uploads.js, and starts what may start.

import { createQueue, dismiss, enqueue, isOver, measure, nextToStart, recall, step, stepAll } from '../logic/uploads.js';

/**
 * @param {object} needs `send(item, report, signal)` gives the resource's summary, or throws (an error with `occupant` when the id is
 * taken); `giveUp(location)` gives the summary of what was stored all the same, or null when nothing was; `memory` as net/memory.js;
 * `onChange(queue)`, `onEnd(item)` when one is done or has failed.
 */
export function createUploader({ send, giveUp, memory, onChange, onEnd }) {
  const runs = new Map();
  let queue = createQueue();
  let runCount = 0;
  return {
    /** Adds files. @returns {object[]} Those that were on the list already. */
    add(files, options) {
      const added = enqueue(queue, files, options, memory.recallUploads(Date.now()));
      set(added.queue);
      return added.known;
    },
    recall: () => set(recall(queue, memory.recallUploads(Date.now()))),
    pause: (key) => take(key, 'pause'),
    resume: (key) => take(key, 'resume'),
    replace: (key) => take(key, 'replace'),
    dismiss: (key) => set(dismiss(queue, key)),
    clear: () => set(dismiss(queue)),
    retry: (key) => take(key, 'retry'),
    pauseAll: () => takeAll('pause'),
    resumeAll: () => takeAll('resume'),
    replaceAll: () => takeAll('replace'),
    retryAll: () => takeAll('retry', (item) => item.state === 'failed' && item.file !== null),
    cancel,
    /** All that go on or wait, but for those that an earlier page began. */
    cancelAll: () => Promise.all(takeAll('cancel', (item) => item.state !== 'remembered').map(([before, item]) => letGo(before, item))),
  };

  function set(next) {
    if (next !== queue) {
      queue = next;
      onChange(queue);
    }

    // Read anew each time: starting one changes the list.
    for (let item = nextToStart(queue); item !== null; item = nextToStart(queue)) {
      start(item.key);
    }
  }

  /** Takes an event in. @returns {object | undefined} The item when it made a difference to it. */
  function take(key, event, details) {
    const before = find(key);
    const next = step(queue, key, event, details);
    const after = next.items.find((item) => item.key === key);
    if (after !== before) {
      halt(after);
      set(next);
      return after;
    }

    return undefined;
  }

  /** Takes in what a person wants of all that are meant. @returns {[object, object][]} Those to which it made a difference, before and after. */
  function takeAll(event, isMeant) {
    const before = queue.items;
    const next = stepAll(queue, event, isMeant);
    const changed = next.items.map((item, at) => [before[at], item]).filter(([was, item]) => was !== item);
    if (changed.length > 0) {
      changed.forEach(([, item]) => halt(item));
      set(next);
    }

    return changed;
  }

  /** An upload that ends or halts has no run from here on, whatever that still does. */
  function halt({ key, state }) {
    if (!['sending', 'finishing', 'broken'].includes(state)) {
      runs.get(key)?.abort();
      runs.delete(key);
    }
  }

  function start(key) {
    const run = ++runCount;
    const abort = new AbortController();
    runs.set(key, abort);
    queue = step(queue, key, 'started', { run });
    onChange(queue);
    follow(find(key), abort.signal, (event, details) => take(key, event, { ...details, run }));
  }

  async function follow(item, signal, report) {
    try {
      const result = await send(item, createReport(item, report), signal);
      end(report('finished', { result }));
    } catch (problem) {
      if (signal.aborted) {
        return;
      }

      if (problem.occupant) {
        report('occupied', { occupant: problem.occupant });
      } else {
        end(report('failed', { problem }));
      }
    }
  }

  /** What the sending of one tells. */
  function createReport(item, report) {
    const { fingerprint, id, path, name, length } = item;
    let { location } = item;
    let measured = null;
    return {
      created(where) {
        location = where;
        report('located', { location });
      },
      kept(sent) {
        memory.remember({ fingerprint, id, path, name, length, location, sent, atMs: Date.now() });
      },
      progress(sent) {
        measured = measure(measured, Math.min(sent, length), performance.now());
        report('progress', { sent, speed: measured.speed });
      },
      broke: (problem, waitMs) => report('broke', { problem, nextAtMs: Date.now() + waitMs }),
      renewed() {
        measured = null;
        report('renewed', {});
      },
      gone: (where) => memory.forget(where),
    };
  }

  async function cancel(key) {
    const before = find(key);
    const item = take(key, 'cancel');
    if (item !== undefined) {
      await letGo(before, item);
    }
  }

  /** What the gateway has of one that was cancelled goes, and the memory of it. */
  async function letGo(before, { key, state, location }) {
    if (before.location !== null) {
      memory.forget(before.location);
    }

    if (state === 'cancelling') {
      const stored = await (location === null ? Promise.resolve(null) : giveUp(location)).catch((problem) => {
        take(key, 'cancelled', { problem });
        return undefined;
      });
      if (stored === null) {
        take(key, 'cancelled');
      } else if (stored !== undefined) {
        end(take(key, 'finished', { result: stored }));
      }
    }
  }

  function end(item) {
    if (item !== undefined && isOver(item)) {
      onEnd(item);
    }
  }

  function find(key) {
    return queue.items.find((item) => item.key === key);
  }
}
