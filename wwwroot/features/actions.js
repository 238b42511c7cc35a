// What can be done with files: downloaded, looked at, copied to other nodes, archived, renamed, given to others, deleted.

import { copy } from '../components/clipboard.js';
import { askName, confirmArchive, confirmDelete, showDocument } from '../components/dialogs.js';
import { announce } from '../components/dom.js';
import { complain, tell } from '../components/notices.js';
import { showPreview } from '../components/preview.js';
import { copiesText } from '../logic/explain.js';
import { addressOf, calledRow, encodePath, folderNamed, previewOf } from '../logic/files.js';
import { count, size } from '../logic/format.js';
import { isolate } from '../logic/text.js';
import { call, callJson, doReadsNeedKey, postJson, Problem } from '../net/api.js';
import { download, probe } from '../net/downloads.js';
import { attempt, takeWants } from './wants.js';

/** A browser that is asked for several downloads at once takes the last alone. */
const downloadSpacingMs = 400;

/** Of a text as much is shown as somebody may read. */
const previewBytesMax = 256 * 1024;

/** Of several files as many are named. */
const namedMax = 3;
const daySeconds = 24 * 60 * 60;

/**
 * @param {Document} page
 * @param {object} needs `files` and `details` to keep up; `rain.whileAsked`; `cluster` for who else there is.
 */
export function createActions(page, { files, details, rain, cluster }) {
  takeWants({
    download: async (row) => {
      await (row.isElsewhere ? rain.whileAsked(row.id, () => probe(row.id)) : null);
      await download(row);
    },
    'selected-download': (rows) => each(rows, async (row) => {
      await download(row);
      await new Promise((resolve) => setTimeout(resolve, downloadSpacingMs));
    }),
    preview,
    replicate,
    'selected-replicate': (rows) => each(rows, replicate),
    archive: (row) => archiveAll([row]),
    'selected-archive': archiveAll,
    restore,
    rename,
    share,
    copy,
    document: showWithKey,
    delete: (row) => removeAll([row]),
    'selected-delete': removeAll,
  });

  /** Does the same with several, one after the other; one that fails does not keep the others from it. */
  async function each(rows, work) {
    for (const row of rows) {
      await attempt(() => work(row));
    }
  }

  async function preview(row) {
    const kind = previewOf(row);
    const title = calledRow(row);
    if (kind === 'text') {
      const response = await call('GET', addressOf(row), row.length > previewBytesMax ? { headers: { Range: `bytes=0-${previewBytesMax - 1}` }, cache: 'default' } : { cache: 'default' });
      const note = row.length > previewBytesMax ? `The first ${size(previewBytesMax)} of ${size(row.length)}.` : '';
      await showPreview(page.getElementById('preview'), { title, kind, note, text: await response.text() });
      return;
    }

    if (!doReadsNeedKey()) {
      await showPreview(page.getElementById('preview'), { title, kind, address: addressOf(row) });
      return;
    }

    // What shows it goes without the key: by a link that is for this alone.
    const link = await makeLink(row, 60 * 60);
    try {
      await showPreview(page.getElementById('preview'), { title, kind, address: addressOfLink(link) });
    } finally {
      await call('DELETE', `links/${encodeURIComponent(link.id)}`);
    }
  }

  /** Waits for every other node that is known, as long as the gateway does, and tells who has said that it holds it. */
  async function replicate(row) {
    const name = calledRow(row);
    await cluster.refreshServers();
    const others = cluster.servers().filter((server) => !server.isOwn).length;
    if (others === 0) {
      tell(`There is no other node to send ${name} to`, 'This one alone holds it. Servers of other nodes can be added below the list of servers.');
      return;
    }

    tell(`${name} is being sent to the other nodes`, 'They are asked to fetch and keep it.');
    const answer = await callJson('POST', `resources/${row.id}/propagate?replicas=${others + 1}`);
    tell(`${name}: ${copiesText(answer.replicas)}`);
  }

  async function archiveAll(rows) {
    if (await confirmArchive(nameAll(rows))) {
      await each(rows, async (row) => {
        await call('POST', `resources/${row.id}/archive`);
        tell(`${calledRow(row)} is being archived`, 'Its replicas go when the pieces are written and read back.');
      });
      await files.refresh();
    }
  }

  async function restore(row) {
    await call('DELETE', `resources/${row.id}/archive`);
    tell(`${calledRow(row)} is being turned back into replicas`);
  }

  async function rename(row) {
    const answer = await askName(row.path);
    if (answer === null) {
      return;
    }

    const { verb, name } = answer;
    const path = `${folderNamed(name.slice(0, name.lastIndexOf('/') + 1))}${name.slice(name.lastIndexOf('/') + 1)}`;
    try {
      await call('POST', `files/${encodePath(row.path)}?${verb === 'move' ? 'moveTo' : 'copyTo'}=${encodeURIComponent(path)}`, { headers: { 'If-None-Match': '*' } });
    } catch (problem) {
      throw problem.status !== 412 ? problem : new Problem({ title: `There is a file of the name “${isolate(path)}” already`, detail: 'Nothing was changed. Give another name, or delete that one first.' });
    }

    if (verb === 'move') {
      details.close();
      files.forget([row.key]);
    }

    // A copy may be nowhere near what is shown.
    (verb === 'move' ? announce : tell)(`${calledRow(row)} is ${verb === 'move' ? 'now' : 'also'} ${isolate(path)}${verb === 'move' ? '.' : ''}`);
    await files.refresh();
  }

  /** Makes a link with which anybody reads it for a day, also where a key is needed. */
  async function share(row) {
    const made = await makeLink(row, daySeconds);
    await copy(addressOfLink(made));
  }

  function makeLink(row, seconds) {
    return postJson('links', { ...(row.path ? { path: row.path } : { id: row.id }), seconds });
  }

  async function removeAll(rows) {
    if (!(await confirmDelete(nameAll(rows), rows.length))) {
      return;
    }

    const gone = [];
    await each(rows, async (row) => {
      const name = calledRow(row);
      try {
        // What was looked at, and not what has come in its place since.
        await call('DELETE', addressOf(row), { headers: { 'If-Match': row.etag ?? await etagOf(row) } });
      } catch (problem) {
        throw problem.status !== 412 ? problem : new Problem({ title: `${name} was not deleted`, detail: 'It has been replaced since it was shown here. Look at it again, and delete it then.' });
      }

      gone.push(row.key);
    });
    const next = files.forget(gone);
    details.closeIf(gone);
    if (gone.length > 0) {
      announce(rows.length === 1 ? `${calledRow(rows[0])} is deleted.` : `${count(gone.length)} are deleted.`);
      if (next === null || !files.focus(next)) {
        page.getElementById('main').focus();
      }
    }

    if (gone.length < rows.length && rows.length > 1) {
      complain(new Problem({ title: `${count(rows.length - gone.length)} of ${count(rows.length)} were not deleted`, detail: 'What is said above says why.' }));
    }

    await files.refresh();
  }

  /** The version of a file that only nodes of an older release have, whose lists do not tell it: the one that is there, if it is the one that was shown. */
  async function etagOf(row) {
    const { headers } = await call('HEAD', addressOf(row), { cache: 'default' });
    const seconds = (date) => Math.floor(Date.parse(date ?? '') / 1000);
    const isShown = Number(headers.get('content-length')) === row.length && seconds(headers.get('last-modified')) <= seconds(row.modified);
    if (!isShown) {
      throw new Problem({ status: 412, title: 'It is another version' });
    }

    return headers.get('etag');
  }

  /** A link's document, by a call that carries the key. */
  async function showWithKey({ path, title, fileName }) {
    const response = await call('GET', path);
    const text = await response.text();
    await showDocument(title, fileName.endsWith('.json') ? JSON.stringify(JSON.parse(text), null, 2) : text, fileName);
  }
}

/** Where anybody reads what a link that was just made leads to: its path is one of the gateway's, which may stand behind another. */
function addressOfLink({ url }) {
  return new URL(url.slice(1), document.baseURI).href;
}

function nameAll(rows) {
  const named = rows.slice(0, namedMax).map((row) => `“${calledRow(row)}”`).join(', ');
  return rows.length === 1 ? named : rows.length <= namedMax ? `${count(rows.length)} files, ${named},` : `${count(rows.length)} files, ${named} and others,`;
}
