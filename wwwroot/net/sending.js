// How a file of the list is sent, and what a name or an id that is taken comes to.

import { addressOf } from '../logic/files.js';
import { disposition } from '../logic/resources.js';
import { call } from './api.js';
import { uploadInPieces } from './resumable.js';

/**
 * Sends one. A name or an id that is free must still be so when the bytes are stored, and one that is to be replaced must be at the version that
 * was looked at; else an error with `occupant` says who is there.
 */
export async function sendItem(item, report, signal) {
  const query = new URLSearchParams([['code', item.code], ['replicas', item.replicas]].filter(([, value]) => value));
  const path = addressOf(item);
  let replaces = item.replaces;
  for (;;) {
    try {
      return await uploadInPieces({
        method: 'PUT',
        path: query.size > 0 ? `${path}?${query}` : path,
        headers: {
          // The gateway knows types by their names too.
          ...(item.file.type || item.id !== null ? { 'Content-Type': item.file.type || 'application/octet-stream' } : {}),
          ...(item.id === null ? {} : { 'Content-Disposition': disposition(item.name) }),
          ...(replaces === null ? { 'If-None-Match': '*' } : { 'If-Match': replaces }),
        },
        file: item.file,
        location: item.location,
        report,
        signal,
      });
    } catch (problem) {
      if (problem.status !== 412) {
        throw problem;
      }

      const occupant = await findOccupant(path, signal);
      if (occupant !== null) {
        problem.occupant = occupant;
        throw problem;
      }

      // What was to be replaced has been deleted meanwhile: the place is free.
      replaces = null;
    }
  }
}

/** Who is at a path of the gateway: {etag, name, length}, or null. */
async function findOccupant(path, signal) {
  try {
    // Any other mode than this makes the browser say no-cache, which asks the rain though it is kept here.
    const { headers } = await call('HEAD', path, { signal, cache: 'default' });
    const length = Number(headers.get('content-length') ?? Number.NaN);
    return { etag: headers.get('etag'), name: nameIn(headers.get('content-disposition')), length: Number.isFinite(length) ? length : null };
  } catch (problem) {
    if (problem.status === 404 || problem.status === 410) {
      return null;
    }

    throw problem;
  }
}

/** The file name of a Content-Disposition as the gateway writes it. */
function nameIn(field) {
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(field ?? '')?.[1];
  try {
    return encoded ? decodeURIComponent(encoded) : /filename="?([^";]+)/i.exec(field ?? '')?.[1] ?? null;
  } catch {
    return null;
  }
}
