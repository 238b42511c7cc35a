// The details of one file, beside the table.

import { createDetails as createSheet } from '../components/details.js';
import { nameOfNode } from '../logic/cluster.js';
import { rowOfResource } from '../logic/files.js';
import { callJson, doReadsNeedKey } from '../net/api.js';
import { attempt, takeWants } from './wants.js';

/**
 * @param {Document} page
 * @param {object} needs `files` to mark the row and to give the focus back to it; `nodes()`.
 */
export function createDetails(page, { files, nodes }) {
  const sheet = createSheet(page.getElementById('details'), { origin: location.origin, doReadsNeedKey });
  let shown = null;
  takeWants({ 'file-open': (row) => (shown?.key === row.key ? close() : open(row)), 'details-close': close });
  page.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && shown !== null && event.target.closest?.('#details')) {
      close();
    }
  });
  files.onChange(follow);
  return {
    close,
    /** Closes if one of these is shown. */
    closeIf(keys) {
      if (shown !== null && keys.includes(shown.key)) {
        close();
      }
    },
  };

  function open(row) {
    shown = row;
    sheet.show(row, names());
    files.open(row.key);
    sheet.focus();
    completeIfBrief(row);
  }

  function completeIfBrief(row) {
    if (row.summary?.sha256 === undefined) {
      attempt(() => complete(row));
    }
  }

  /** Of a file in a folder less is said than its details tell, and it may be kept elsewhere alone. */
  async function complete(row) {
    const { blockDigests, ...manifest } = await callJson('GET', `resources/${row.id}/manifest`);
    if (shown?.key === row.key) {
      shown = { ...rowOfResource(manifest), summary: manifest };
      sheet.show(shown, names());
    }
  }

  /** What is shown of it goes with what the list says. */
  function follow() {
    if (shown === null) {
      return;
    }

    const row = files.find(shown.id);
    if (row === undefined) {
      if (files.isWhole()) {
        close();
      }
    } else if (row.version === null ? row.modified !== shown.modified : row.version !== shown.version) {
      shown = row;
      sheet.show(row, names());
      completeIfBrief(row);
    }
  }

  function close() {
    const key = shown?.key;
    shown = null;
    sheet.hide();
    files.open(null);
    if (key !== undefined && !files.focus(key)) {
      page.getElementById('main').focus();
    }
  }

  function names() {
    return new Map((nodes() ?? []).map((node) => [node.id, nameOfNode(node)]));
  }
}
