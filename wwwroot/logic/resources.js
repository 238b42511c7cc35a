// Ids, search, the lines to copy. Pure.

import { isolate, plain } from './text.js';

const idMax = (1n << 64n) - 1n;

/** The id in decimal, or null when the text is no unsigned 64-bit number (decimal or 0x hex). */
export function parseId(text) {
  const trimmed = String(text ?? '').trim();
  if (!/^(\d{1,20}|0[xX][0-9a-fA-F]{1,16})$/.test(trimmed)) {
    return null;
  }

  const value = BigInt(trimmed);
  return value <= idMax ? value.toString() : null;
}

/** What to call a resource, on its own. */
export function nameOf(resource) {
  return resource.fileName || `Resource ${resource.id}`;
}

/** What to call a resource in a sentence. */
export function calledIn(resource) {
  return isolate(nameOf(resource));
}

/** Those that match every word of the query, by name, type, code or id (also in hex). */
export function search(resources, query) {
  const words = query.toLowerCase().split(/\s+/).filter((word) => word !== '');
  const id = parseId(query);
  return resources.filter((resource) => resource.id === id || words.every((word) => haystack(resource).includes(word)));
}

/** The id asked for, when the query is one and nothing listed has it. */
export function missingId(resources, query) {
  const id = parseId(query);
  return id !== null && !resources.some((resource) => resource.id === id) ? id : null;
}

/** New pages merged in: one entry an id, in order of ids. */
export function merge(known, items) {
  const byId = new Map(known.map((resource) => [resource.id, resource]));
  for (const item of items) {
    if (parseId(item?.id) !== null) {
      byId.set(item.id, item);
    }
  }

  return [...byId.values()].sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1));
}

/**
 * Shell commands that do what the page does. The file name is quoted for a POSIX shell, and what is copied is what is seen. The key
 * itself is never written into them: it would stay in the shell's history.
 */
export function commands(resource, origin, needsKey = false) {
  const url = `${origin}/resources/${resource.id}`;
  const file = shellQuote(plain(resource.fileName || resource.id));
  const key = needsKey ? '-H "Authorization: Bearer $KEY" ' : '';
  return [
    { label: 'Download', line: `curl ${key}-o ${file} ${url}` },
    { label: 'Continue a download', line: `curl ${key}-C - -o ${file} ${url}` },
    { label: 'From the rain, though it is kept here', line: `curl ${key}-H 'Cache-Control: no-cache' -o ${file} ${url}` },
  ];
}

/** Quotes for a POSIX shell; plain names stay plain. */
export function shellQuote(text) {
  return /^[A-Za-z0-9_.][A-Za-z0-9_./-]*$/.test(text) ? text : `'${text.replace(/^-/, './-').replaceAll("'", "'\\''")}'`;
}

/** A Content-Disposition header for a file name: ASCII with an RFC 8187 twin. */
export function disposition(fileName) {
  const ascii = fileName.replace(/[^\x20-\x7e]|["\\%]/g, '_');
  const encoded = encodeURIComponent(fileName.toWellFormed()).replace(/['()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
  return `inline; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}

/** Splits host:port, [v6]:port; null when it is neither. */
export function parseEndpoint(text) {
  const match = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]{1,253}):(\d{1,5})$/.exec(String(text ?? '').trim());
  const port = match ? Number(match[2]) : 0;
  return port >= 1 && port <= 65535 ? { host: match[1], port, endpoint: `${match[1]}:${port}` } : null;
}

function haystack(resource) {
  const hex = parseId(resource.id) === null ? '' : `0x${BigInt(resource.id).toString(16)}`;
  return `${resource.fileName ?? ''} ${resource.contentType ?? ''} ${resource.code ?? ''} ${resource.id} ${hex}`.toLowerCase();
}
