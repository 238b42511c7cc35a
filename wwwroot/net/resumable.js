// An upload in pieces that the gateway keeps (draft-ietf-httpbis-resumable-upload): created once, asked where it stands, sent on from
// there. It outlasts a broken connection and a gateway that is started again.

import { call, callJson, Problem, sendWithProgress } from './api.js';
import { backoff } from './sse.js';

/** A piece: big enough that the pauses between pieces do not count, small enough that a slow line has its progress kept. */
const pieceBytes = 16 * 1024 * 1024;

/** What may pass by itself: no connection, or a gateway (or a proxy before it) that is busy or starting. */
const passing = new Set([0, 408, 429, 502, 503, 504]);

/**
 * Sends a file, from where it stands, until all of it is there.
 * @param {object} options `method`, `path` and `headers` of the plain upload; `file`; `location` of an upload that was begun, or null;
 * `onCreated(location)`, `onKept(bytes)` for what the gateway surely has, `onProgress(bytes)`, `onState('sending' | 'broken')`; `signal`.
 * @returns {Promise<object>} The resource's summary.
 */
export async function uploadInPieces({ method, path, headers, file, location, onCreated, onKept, onProgress, onState, signal }) {
  for (let failures = 0; ;) {
    try {
      if (location === null) {
        location = await create(method, path, headers, file, signal);
        onCreated(location);
        onKept(0);
      }

      onState('sending');
      return await sendOn();
    } catch (problem) {
      if (signal.aborted || problem.name === 'AbortError') {
        throw new DOMException('stopped', 'AbortError');
      }

      if (problem.status === 404 && location !== null) {
        // Expired, or cancelled elsewhere: from the beginning.
        location = null;
        continue;
      }

      if (!passing.has(problem.status) && !problem.type?.endsWith('#mismatching-upload-offset')) {
        throw problem;
      }

      await readable(file);
      onState('broken');
      await pause(backoff(failures++, Math.random()), signal);
    }
  }

  async function sendOn() {
    const stand = await call('HEAD', location, { signal });
    let offset = Number(stand.headers.get('upload-offset'));
    if (stand.headers.get('upload-complete') === '?1') {
      // The last answer got lost on its way.
      const { resource } = await callJson('GET', location, { signal });
      return callJson('GET', `resources/${resource}/manifest`, { signal }).catch(() => ({ id: resource }));
    }

    onKept(offset);
    onProgress(offset);
    for (;;) {
      const end = Math.min(file.size, offset + pieceBytes);
      const isLast = end === file.size;
      const answer = await sendWithProgress({
        method: 'PATCH',
        path: location,
        body: file.slice(offset, end),
        headers: { 'Content-Type': 'application/partial-upload', 'Upload-Offset': String(offset), 'Upload-Complete': isLast ? '?1' : '?0' },
        onProgress: (bytes) => onProgress(Math.min(end, offset + bytes)),
        signal,
      });
      if (isLast) {
        return JSON.parse(answer.text);
      }

      offset = Number(answer.header('upload-offset'));
      onKept(offset);
    }
  }
}

/** Gives an upload up: what the gateway has of it goes. */
export async function cancelUpload(location) {
  await call('DELETE', location).catch((problem) => {
    if (problem.status !== 404) {
      throw problem;
    }
  });
}

async function create(method, path, headers, file, signal) {
  const created = await call(method, path, { headers: { ...headers, 'Upload-Complete': '?0', 'Upload-Length': String(file.size) }, signal });
  const token = (created.headers.get('location') ?? '').split('/').at(-1);
  if (token === '') {
    throw new Problem({ title: 'The upload could not begin', detail: 'The gateway did not say where to send the rest.', status: 500 });
  }

  return `uploads/${token}`;
}

/** A file that has gone or changed since it was chosen fails every piece: that is not the network's doing. */
async function readable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    throw new Problem({ title: 'The file can no longer be read', detail: 'It was moved, deleted or changed since it was chosen. Choose it again.', status: 400 });
  }
}

/** Ends early when the browser says that it is online again. */
function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener('online', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    addEventListener('online', done, { once: true });
    signal.addEventListener('abort', done, { once: true });
  });
}
