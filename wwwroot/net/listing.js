// Lists of what there is, page by page.

import { encodePath, rowOfItem, rowOfResource } from '../logic/files.js';
import { parseId } from '../logic/resources.js';
import { callJson, readIfThere } from './api.js';

/** Rows of a page: a round trip for each screenful would be slow, and one of all too long. */
export const pageRows = 500;
const folderPageRows = 1000;

/** A folder with more than this is shown up to here: it has to be here whole to be ordered. */
const folderRowsMax = 50_000;

/**
 * What this node has, in an order, page by page.
 * @returns {{next: () => Promise<{rows: object[], isEnd: boolean}>}}
 */
export function listAll({ by, isDescending, query }) {
  let after = null;
  return {
    async next() {
      const asked = new URLSearchParams({ limit: String(pageRows), sort: by, order: isDescending ? 'desc' : 'asc' });
      if (query !== '') {
        asked.set('search', query);
      }

      if (after !== null) {
        asked.set('after', after);
      }

      const page = await callJson('GET', `resources?${asked}`, { background: true });
      after = page?.next ?? null;
      return { rows: (page?.items ?? []).filter((item) => parseId(item?.id) !== null).map(rowOfResource), isEnd: after === null };
    },
  };
}

/** What is in a folder, on all nodes that answer: {rows, isWhole, silent}. */
export async function listFolder(folder) {
  let rows = [];
  let after = null;
  let silent = new Set();
  do {
    const query = new URLSearchParams({ limit: String(folderPageRows), ...(after === null ? {} : { after }) });
    // An empty folder is none: there is nothing in it.
    const page = await callJson('GET', `files/${encodePath(folder)}?${query}`, { background: true, mayLack: true }).catch((problem) => {
      if (problem.status === 404) {
        return null;
      }

      throw problem;
    });
    rows = rows.concat((page?.items ?? []).map(rowOfItem));
    silent = new Set([...silent, ...(page?.silent ?? [])]);
    after = page?.next ?? null;
  } while (after !== null && rows.length < folderRowsMax);
  return { rows, isWhole: after === null, silent: silent.size };
}

/** How many resources the store has; null where it does not say. */
export async function countAll() {
  const store = await readIfThere('store').catch(() => null);
  return Number.isFinite(store?.resources) ? store.resources : null;
}
