// Rows of the files' table: what they are, how they are ordered, what can be shown of them. Pure.

import { isolate } from './text.js';

const kinds = [
  ['image', /^image\//],
  ['video', /^video\//],
  ['audio', /^audio\//],
  ['text', /^text\/|^application\/(json|xml|javascript|yaml|toml|x-sh)\b|\+(json|xml)\b/],
  ['package', /zip|tar|compress|zstd|gzip|iso9660|x-7z|x-rar|x-xz|vnd\.debian|x-rpm/],
];

/** A row of what the gateway lists as a resource. */
export function rowOfResource(resource) {
  return {
    key: resource.id,
    kind: 'file',
    id: resource.id,
    name: resource.path ? nameIn(resource.path) : resource.fileName || `Resource ${resource.id}`,
    path: resource.path ?? null,
    fileName: resource.fileName ?? null,
    length: resource.length,
    contentType: resource.contentType ?? '',
    modified: resource.modified ?? null,
    etag: resource.etag ?? null,
    version: resource.version ?? null,
    replicas: resource.replicas ?? null,
    wanted: resource.wanted ?? null,
    storage: resource.storage ?? 'replicated',
    summary: resource,
  };
}

/** A row of what the gateway lists in a folder: a folder, or a file, of which less is said there. */
export function rowOfItem(item) {
  return item.kind === 'folder'
    ? { key: `folder ${item.path}`, kind: 'folder', name: item.name, path: item.path }
    : rowOfResource({ ...item, fileName: item.name, version: item.etag?.replaceAll('"', '') });
}

/** What to call a row in a sentence. */
export function calledRow(row) {
  return isolate(row.name);
}

/** The name of the picture before a row. */
export function pictureOf(row) {
  return row.kind === 'folder' ? 'folder' : kinds.find(([, types]) => types.test(row.contentType))?.[0] ?? 'file';
}

/** How a row can be shown here: image, video, audio, text or pdf; null when it cannot. */
export function previewOf(row) {
  if (row.kind === 'folder') {
    return null;
  }

  const type = row.contentType.split(';')[0].trim().toLowerCase();
  const picture = pictureOf(row);
  return type === 'application/pdf' ? 'pdf' : ['image', 'video', 'audio', 'text'].includes(picture) ? picture : null;
}

/** Orders the rows of a folder as the gateway orders all: folders first. */
export function ordered(rows, { by, isDescending }) {
  const value = { name: (row) => row.name.toLowerCase(), length: (row) => row.length ?? 0, modified: (row) => Date.parse(row.modified ?? '') || 0, type: (row) => row.contentType ?? '' }[by];
  const sign = isDescending ? -1 : 1;
  return [...rows].sort((a, b) => {
    if (a.kind !== b.kind) {
      return a.kind === 'folder' ? -1 : 1;
    }

    // Of folders nothing but the name is known.
    const [left, right] = a.kind === 'folder' ? [a.name.toLowerCase(), b.name.toLowerCase()] : [value(a), value(b)];
    return left === right ? (a.name < b.name ? -1 : 1) : (left < right ? -1 : 1) * (a.kind === 'folder' && by !== 'name' ? 1 : sign);
  });
}

/** The folder that a path is in: '' for the uppermost, else with a slash at the end. */
export function folderOf(path) {
  return path.slice(0, path.replace(/\/$/, '').lastIndexOf('/') + 1);
}

/** The last part of a path. */
export function nameIn(path) {
  return path.replace(/\/$/, '').split('/').at(-1);
}

/** Where in a path its name begins and ends, without the ending of a file. */
export function nameWithin(path) {
  const start = path.lastIndexOf('/') + 1;
  const dot = path.lastIndexOf('.');
  return [start, dot > start ? dot : path.length];
}

/** The folders on the way to one, the uppermost first: {name, path}. */
export function crumbsOf(folder) {
  const parts = folder.split('/').filter((part) => part !== '');
  return [{ name: 'All folders', path: '' }, ...parts.map((name, index) => ({ name, path: `${parts.slice(0, index + 1).join('/')}/` }))];
}

/** A path as it stands in an address, a slash staying one. */
export function encodePath(path) {
  return path.split('/').map((part) => encodeURIComponent(part.toWellFormed())).join('/');
}

/** A folder as somebody types it: without slashes before it, with one behind it; '' for the uppermost. */
export function folderNamed(text) {
  const parts = text.trim().split('/').filter((part) => part !== '');
  return parts.length === 0 ? '' : `${parts.join('/')}/`;
}

/** Where a file is read: under its name when it has one, else under its id. */
export function addressOf(row) {
  return row.path ? `files/${encodePath(row.path)}` : `resources/${row.id}`;
}

/** The rows from one that was chosen before to one that is chosen now, both of them too. */
export function between(rows, fromKey, toKey) {
  const [from, to] = [fromKey, toKey].map((key) => rows.findIndex((row) => row.key === key));
  return from < 0 || to < 0 ? rows.filter((row) => row.key === toKey) : rows.slice(Math.min(from, to), Math.max(from, to) + 1);
}
