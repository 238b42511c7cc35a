// How a file of the list is sent, and what an id that is taken comes to.

import { disposition } from '../logic/resources.js';
import { call } from './api.js';
import { uploadInPieces } from './resumable.js';

/**
 * Sends one. An id that is free must still be so when the bytes are stored, and one that is to be replaced must be at the version that
 * was looked at; else an error with `occupant` says who is there.
 */
export async function sendItem(item, report, signal) {
  const query = new URLSearchParams([['code', item.code], ['replicas', item.replicas]].filter(([, value]) => value));
  const path = item.id === null ? 'resources' : `resources/${item.id}`;
  let replaces = item.replaces;
  for (;;) {
    try {
      return await uploadInPieces({
        method: item.id === null ? 'POST' : 'PUT',
        path: query.size > 0 ? `${path}?${query}` : path,
        headers: {
          'Content-Type': item.file.type || 'application/octet-stream',
          'Content-Disposition': disposition(item.name),
          ...conditionOf(item.id, replaces),
        },
        file: item.file,
        location: item.location,
        report,
        signal,
      });
    } catch (problem) {
      if (problem.status !== 412 || item.id === null) {
        throw problem;
      }

      const occupant = await findOccupant(item.id, signal);
      if (occupant !== null) {
        problem.occupant = occupant;
        throw problem;
      }

      // What was to be replaced has been deleted meanwhile: the id is free.
      replaces = null;
    }
  }
}

function conditionOf(id, replaces) {
  return id === null ? {} : replaces === null ? { 'If-None-Match': '*' } : { 'If-Match': replaces };
}

/** Who has an id: {etag, name, length}, or null. */
async function findOccupant(id, signal) {
  try {
    // Any other mode than this makes the browser say no-cache, which asks the rain though it is kept here.
    const { headers } = await call('HEAD', `resources/${id}`, { signal, cache: 'default' });
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
