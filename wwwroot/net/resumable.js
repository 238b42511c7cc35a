// An upload in pieces that the gateway keeps (draft-ietf-httpbis-resumable-upload): created once, asked where it stands, sent on from
// there. It outlasts a broken connection and a gateway that is started again, and it can be given up with certainty: what a cancelled
// plain PUT has become nobody can say.

import { afterFailure } from '../logic/retry.js';
import { call, callJson, Problem, sendWithProgress } from './api.js';

/** A piece: big enough that the pauses between pieces do not count, small enough that a slow line has its progress kept. */
const pieceBytes = 16 * 1024 * 1024;

/**
 * Sends a file, from where it stands, until all of it is there.
 * @param {object} options `method`, `path` and `headers` of the plain upload; `file`; `location` of an upload that was begun, or null;
 * `report` with `created(location)`, `kept(bytes)` for what the gateway surely has, `progress(bytes)`, `broke(problem, waitMs)`,
 * `renewed()` when it begins anew, `gone(location)`; `signal`.
 * @returns {Promise<object>} The resource's summary.
 */
export async function uploadInPieces({ method, path, headers, file, location, report, signal }) {
  let offset = 0;
  let failures = 0;
  let strayed = 0;
  let phase = location === null ? 'begin' : 'ask';
  await ensureReadable(file);
  for (;;) {
    try {
      const result = await go();
      report.gone(location);
      return result;
    } catch (problem) {
      if (signal.aborted || problem.name === 'AbortError') {
        throw new DOMException('stopped', 'AbortError');
      }

      await ensureReadable(file).catch(async (changed) => {
        await abandon();
        throw changed;
      });
      await recover(problem);
    }
  }

  /** From the present phase to the end. */
  async function go() {
    if (phase === 'begin') {
      location = await create(method, path, headers, file, signal);
      offset = 0;
      report.created(location);
      report.kept(0);
    } else {
      phase = 'ask';
      const stand = await call('HEAD', location, { signal });
      if (stand.headers.get('upload-complete') === '?1') {
        // The last answer got lost on its way.
        return findResult(location, signal);
      }

      keep(Number(stand.headers.get('upload-offset')));
    }

    phase = 'send';
    report.progress(offset);
    for (;;) {
      const end = Math.min(file.size, offset + pieceBytes);
      const isLast = end === file.size;
      const answer = await sendPiece(end, isLast);
      if (isLast) {
        return JSON.parse(answer.text);
      }

      keep(Number(answer.header('upload-offset')));
    }
  }

  function sendPiece(end, isLast) {
    const from = offset;
    return sendWithProgress({
      method: 'PATCH',
      path: location,
      body: file.slice(from, end),
      headers: { 'Content-Type': 'application/partial-upload', 'Upload-Offset': String(from), 'Upload-Complete': isLast ? '?1' : '?0' },
      onProgress: (bytes) => report.progress(Math.min(end, from + bytes)),
      signal,
    });
  }

  function keep(bytes) {
    failures = bytes > offset ? 0 : failures;
    offset = bytes;
    report.kept(bytes);
  }

  async function recover(problem) {
    const next = afterFailure({ phase, status: problem.status ?? -1, retryAfterMs: problem.retryAfterMs, failures, strayed, random: Math.random() });
    if (next.then === 'fail') {
      if (problem.status >= 400 && problem.status < 500 && problem.status !== 401) {
        // Refused for good: there is nothing to go on with.
        await abandon();
      }

      throw problem;
    }

    if ([404, 409, 410].includes(problem.status)) {
      strayed++;
    } else {
      failures++;
    }

    report.broke(problem, next.waitMs);
    if (next.then === 'begin' && location !== null) {
      report.gone(location);
      report.renewed();
      location = null;
    }

    await pause(next.waitMs, signal, problem.status === 0);
    phase = next.then;
  }

  /** Nobody will go on with it: neither it nor the memory of it is of use. */
  async function abandon() {
    if (location !== null) {
      report.gone(location);
      await call('DELETE', location).catch(() => {});
    }
  }
}

/**
 * Gives an upload up: what the gateway has of it goes.
 * @returns {Promise<object | null>} The resource's summary when the upload was complete already; null when nothing of it was stored.
 */
export async function giveUp(location) {
  try {
    // Asking ends a piece that is under way, so that the answer is the last word on it.
    const stand = await call('HEAD', location);
    if (stand.headers.get('upload-complete') === '?1') {
      return await findResult(location);
    }

    await call('DELETE', location);
  } catch (problem) {
    if (problem.status !== 404 && problem.status !== 410) {
      throw problem;
    }
  }

  return null;
}

async function findResult(location, signal) {
  const { resource } = await callJson('GET', location, { signal });
  return callJson('GET', `resources/${resource}/manifest`, { signal }).catch(() => ({ id: resource }));
}

async function create(method, path, headers, file, signal) {
  const creation = call(method, path, { headers: { ...headers, 'Upload-Complete': '?0', 'Upload-Length': String(file.size) } }).then(async (created) => {
    const token = (created.headers.get('location') ?? '').split('/').at(-1);
    if (token === '') {
      throw new Problem({ title: 'The upload could not begin', detail: 'The gateway did not say where to send the rest.', status: 400 });
    }

    if (signal.aborted) {
      // Nobody waits for it any more, and nobody else knows of it.
      await giveUp(`uploads/${token}`);
    }

    return `uploads/${token}`;
  });
  return Promise.race([creation, new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new DOMException('stopped', 'AbortError')), { once: true });
  })]);
}

/** A file that has gone or changed since it was chosen fails every piece: that is not the network's doing. */
async function ensureReadable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    throw new Problem({ title: 'The file can no longer be read', detail: 'It was moved, deleted or changed since it was chosen, or it is a folder. Choose it again.', status: 400 });
  }
}

/** Ends early when the browser says that it is online again, if that is what is waited for. */
function pause(milliseconds, signal, endsOnline) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener('online', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    if (endsOnline) {
      addEventListener('online', done, { once: true });
    }

    signal.addEventListener('abort', done, { once: true });
  });
}
