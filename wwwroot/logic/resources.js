// Ids, search, the lines to copy. Pure.

import { addressOf, nameIn } from './files.js';
import { plain } from './text.js';

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

/** Rows that match every word of the query, by name, path, type or id (also in hex); those first whose names do. */
export function search(rows, query) {
  const words = query.toLowerCase().split(/\s+/).filter((word) => word !== '');
  const id = parseId(query);
  const has = (text) => words.every((word) => text.includes(word));
  const found = rows.filter((row) => row.id === id || has(haystack(row)));
  const isNamed = (row) => has(`${row.name ?? ''} ${row.path ?? ''}`.toLowerCase());
  return words.length === 0 ? found : [...found.filter(isNamed), ...found.filter((row) => !isNamed(row))];
}

/** The id asked for, when the query is one and nothing listed has it. */
export function missingId(resources, query) {
  const id = parseId(query);
  return id !== null && !resources.some((resource) => resource.id === id) ? id : null;
}

/**
 * Shell commands that do what the page does. The file name is quoted for a POSIX shell, and what is copied is what is seen. The key
 * itself is never written into them: it would stay in the shell's history.
 */
export function commands(row, origin, needsKey = false) {
  const url = shellQuote(`${origin}/${addressOf(row)}`);
  const file = shellQuote(plain(row.path ? nameIn(row.path) : row.fileName || row.id));
  const key = needsKey ? '-H "Authorization: Bearer $KEY" ' : '';
  return [
    { label: 'Download', line: `curl ${key}-o ${file} ${url}` },
    { label: 'Continue a download', line: `curl ${key}-C - -o ${file} ${url}` },
    { label: 'From the rain, though it is kept here', line: `curl ${key}-H 'Cache-Control: no-cache' -o ${file} ${url}` },
  ];
}

/** Quotes for a POSIX shell; plain names stay plain. */
export function shellQuote(text) {
  return /^[A-Za-z0-9_.][A-Za-z0-9_./:%-]*$/.test(text) ? text : `'${text.replace(/^-/, './-').replaceAll("'", "'\\''")}'`;
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

function haystack(row) {
  const hex = parseId(row.id) === null ? '' : `0x${BigInt(row.id).toString(16)}`;
  return `${row.name ?? ''} ${row.path ?? ''} ${row.contentType ?? ''} ${row.id ?? ''} ${hex}`.toLowerCase();
}
