// The files: what is shown of them, in what order, and which are selected.

import { createCrumbs, drawElsewhere, emptyText } from '../components/files-view.js';
import { createFilesTable } from '../components/files-table.js';
import { announce, setText } from '../components/dom.js';
import { noteText } from '../components/tables.js';
import { between, folderNamed, ordered } from '../logic/files.js';
import { count, size } from '../logic/format.js';
import { missingId, search } from '../logic/resources.js';
import { countAll, listAll, listFolder, pageRows } from '../net/listing.js';
import { attempt, every, takeWants } from './wants.js';

const pollMs = 10_000;

/** Who types on is not asked for yet. */
const typingMs = 200;

/** More pages than these are not read again under whoever looks at them: it is said that they have changed. */
const refreshedPagesMax = 5;

/** As many polls a large folder is left alone: it is read whole, from all nodes. */
const folderPolls = 6;

/** Between two readings of the same, and after one that failed. */
const restMs = 1000;

/**
 * @param {Document} page
 * @param {object} needs `views` to go to folders; `asOf()`; `onFolder()` when another folder is shown.
 */
export function createFiles(page, { views, asOf, onFolder }) {
  const byId = (id) => page.getElementById(id);
  const input = byId('search');
  const sorting = byId('sort');
  const table = createFilesTable(byId('files'), (index) => fill(index).catch(() => {}));
  const crumbs = createCrumbs(byId('crumbs'));
  const selected = new Map();
  const listeners = [];
  let isByFolders = false;
  let folder = '';
  let sort = { by: 'modified', isDescending: true };
  let list = emptyList();
  let round = 0;
  let polls = 0;
  let needed = 0;
  let rowsById = null;
  let refreshing = null;
  let isAskedAgain = false;
  let typing = 0;
  let lastChecked = null;
  let opened = null;

  input.addEventListener('input', () => {
    draw();
    clearTimeout(typing);
    typing = setTimeout(() => attempt(reload), typingMs);
  });
  sorting.addEventListener('change', () => {
    const [by, order] = sorting.value.split(' ');
    sortBy({ by, isDescending: order === 'desc' });
  });
  byId('files-reload').addEventListener('click', () => attempt(reload));
  byId('show-all').addEventListener('click', () => views.go('files'));
  byId('show-folders').addEventListener('click', () => views.go('files', 'folders/'));
  byId('selection').addEventListener('click', (event) => {
    const action = event.target.closest('[data-do]')?.dataset.do;
    if (action === 'clear') {
      select(() => selected.clear());
    } else if (action) {
      event.target.dispatchEvent(new CustomEvent(`selected-${action}`, { bubbles: true, detail: [...selected.values()] }));
    }
  });
  takeWants({
    'folder-open': (path) => views.go('files', `folders/${path}`),
    'sort-by': (by) => sortBy({ by, isDescending: sort.by === by ? !sort.isDescending : by === 'length' || by === 'modified' }),
    'file-check': check,
    'check-all': (isChecked) => select(() => shown().filter((row) => row.kind === 'file').forEach((row) => mark(row, isChecked))),
  });
  page.addEventListener('keydown', onKey);
  every(pollMs, poll);

  return {
    /** Shows what the address says: all, or a folder. */
    show(rest) {
      const next = /^folders\/?(.*)$/.exec(rest);
      const wasShown = { isByFolders, folder };
      isByFolders = next !== null;
      folder = next === null ? '' : folderNamed(next[1]);
      byId('show-all').setAttribute('aria-pressed', String(!isByFolders));
      byId('show-folders').setAttribute('aria-pressed', String(isByFolders));
      crumbs.update(isByFolders ? folder : null);
      if (wasShown.isByFolders !== isByFolders || wasShown.folder !== folder) {
        input.value = '';
        select(() => selected.clear());
        table.toTop();
        setList(emptyList());
        attempt(reload);
        onFolder();
      }
    },
    refresh,
    /** The folder that is shown; '' for the uppermost, and where all are shown. */
    folder: () => folder,
    /** A row by its id, if it is known. */
    find(id) {
      rowsById ??= new Map(list.rows.map((row) => [row.id, row]));
      return rowsById.get(id);
    },
    /** Whether all that there is is known, so that what is not among it is gone. */
    isWhole: () => list.isLoaded && list.isEnd && list.query === '' && !list.isCut && list.silent === 0,
    /** Marks the row whose details are open; null for none. */
    open(key) {
      opened = key;
      draw();
    },
    focus: (key) => table.focus(key),
    /** Takes rows out that are known to be gone. @returns {string | null} The key of what stands in their place. */
    forget(keys) {
      const gone = new Set(keys);
      const before = shown();
      const next = before.slice(before.findIndex((row) => gone.has(row.key))).find((row) => !gone.has(row.key)) ?? before.findLast((row) => !gone.has(row.key));
      keys.forEach((key) => selected.delete(key));
      setList({ ...list, rows: list.rows.filter((row) => !gone.has(row.key)), total: list.total === null ? null : Math.max(0, list.total - gone.size) });
      draw();
      return next?.key ?? null;
    },
    onChange: (listener) => listeners.push(listener),
    draw,
  };

  function emptyList() {
    return { rows: [], isEnd: true, total: null, isLoaded: false, query: '', source: null, silent: 0, isCut: false, hasChanged: false };
  }

  function setList(next) {
    list = next;
    rowsById = null;
  }

  function sortBy(next) {
    sort = next;
    sorting.value = `${sort.by} ${sort.isDescending ? 'desc' : 'asc'}`;
    table.toTop();
    if (isByFolders && list.query === '') {
      setList({ ...list, rows: ordered(list.rows, sort) });
      draw();
    } else {
      attempt(reload);
    }
  }

  /** Reads anew from the beginning. */
  async function reload() {
    await load(1);
  }

  async function load(pages) {
    const own = ++round;
    const query = input.value.trim();
    let next;
    if (isByFolders && query === '') {
      const { rows, isWhole, silent } = await listFolder(folder);
      next = { ...emptyList(), rows: ordered(rows, sort), total: null, isLoaded: true, silent, isCut: !isWhole };
    } else {
      const source = listAll({ ...sort, query });
      const [total, rows] = await Promise.all([query === '' ? countAll() : null, readPages(source, pages, own)]);
      next = { ...emptyList(), ...rows, total, isLoaded: true, query, source };
    }

    if (own === round) {
      setList(next);
      deselectStale();
      listeners.forEach((listener) => listener());
      draw();
    }
  }

  async function readPages(source, pages, own) {
    let rows = [];
    let isEnd = false;
    for (let page = 0; page < pages && !isEnd && own === round; page++) {
      const read = await source.next();
      rows = rows.concat(read.rows);
      isEnd = read.isEnd;
    }

    return { rows, isEnd };
  }

  /** Reads on until a row is known. */
  async function fill(index) {
    const { source } = list;
    needed = index;
    if (source === null || list.isEnd || source.isFilling || index < list.rows.length) {
      return;
    }

    source.isFilling = true;
    try {
      // Whoever scrolls back meanwhile waits for nothing.
      while (list.source === source && !list.isEnd && needed >= list.rows.length) {
        const read = await source.next();
        if (list.source !== source) {
          return;
        }

        setList({ ...list, rows: list.rows.concat(read.rows), isEnd: read.isEnd });
        draw();
      }
    } catch (problem) {
      // The banner says that the gateway is away; each frame that is scrolled would ask again.
      await new Promise((resolve) => setTimeout(resolve, restMs));
      throw problem;
    } finally {
      source.isFilling = false;
    }
  }

  /** Reads what is shown anew, or says that it has changed; what is asked for while that is under way is done once more after it. */
  function refresh() {
    if (refreshing !== null) {
      isAskedAgain = true;
      return refreshing;
    }

    refreshing = look().finally(() => {
      setTimeout(() => {
        refreshing = null;
        if (isAskedAgain) {
          isAskedAgain = false;
          refresh().catch(() => {});
        }
      }, restMs);
    });
    return refreshing;
  }

  async function poll() {
    polls++;
    if (list.source !== null || pagesRead() <= refreshedPagesMax || polls % folderPolls === 0) {
      await refresh();
    }
  }

  /** What is long is not read anew under whoever looks at it. */
  async function look() {
    if (list.source === null || pagesRead() <= refreshedPagesMax) {
      await load(pagesRead());
      return;
    }

    const own = list;
    const [first, total] = await Promise.all([listAll({ ...sort, query: list.query }).next(), list.query === '' ? countAll() : null]);
    if (list.source === own.source) {
      const hasChanged = total !== own.total || first.rows.some((row, at) => row.version !== own.rows[at]?.version);
      setList({ ...list, hasChanged });
      draw();
    }
  }

  function pagesRead() {
    return Math.max(1, Math.ceil(list.rows.length / pageRows));
  }

  function shown() {
    // The gateway has looked; until it has, what is here is narrowed.
    return input.value.trim() === list.query ? list.rows : search(list.rows, input.value);
  }

  function draw() {
    const rows = shown();
    const isAnswered = input.value.trim() === list.query;
    const total = list.isEnd || !isAnswered ? rows.length : Math.max(list.total ?? 0, rows.length + 1);
    table.update({ rows, total, selected, opened, sort, isInFolder: isByFolders && list.query === '' });
    const isKnown = isAnswered || (list.isEnd && list.query === '' && !isByFolders);
    const missing = list.isLoaded && isKnown ? missingId(list.rows, input.value) : null;
    drawElsewhere(byId('elsewhere'), missing);
    byId('files').hidden = rows.length === 0;
    byId('files-empty').hidden = rows.length > 0 || !list.isLoaded || !isAnswered || missing !== null;
    setText(byId('files-empty'), emptyText(list.query, isByFolders ? folder : null));
    setText(byId('files-note'), note(rows));
    // What was searched for is of all folders.
    crumbs.update(isByFolders && list.query === '' ? folder : null);
    byId('files-reload').hidden = !list.hasChanged;
    drawSelection();
  }

  function note(rows) {
    const stale = asOf();
    const bytes = list.isEnd ? bytesOf(rows) : 0;
    const known = list.isEnd ? count(rows.length) : list.total === null ? `${count(rows.length)}+` : count(list.total);
    const text = [
      rows.length === 0 ? '' : `${known} ${list.query !== '' ? 'found' : isByFolders ? 'here' : 'kept here'}${bytes > 0 ? `, ${size(bytes)}` : ''}`,
      list.isCut ? 'and more than can be shown' : '',
      list.silent > 0 ? `${count(list.silent)} ${list.silent === 1 ? 'node has' : 'nodes have'} not answered` : '',
    ].filter((text) => text).join(', ');
    return noteText(text, stale);
  }

  function check({ row, isChecked, isRange }) {
    select(() => {
      const rows = isRange && lastChecked !== null ? between(shown(), lastChecked, row.key) : [row];
      rows.filter((one) => one.kind === 'file').forEach((one) => mark(one, isChecked));
    });
    lastChecked = row.key;
  }

  /** What has another version now was not what was selected, and what is gone cannot be. */
  function deselectStale() {
    const known = new Map(list.rows.map((row) => [row.key, row]));
    for (const [key, row] of selected) {
      const now = known.get(key);
      const isOther = now !== undefined && (now.version ?? now.modified) !== (row.version ?? row.modified);
      if (isOther || (now === undefined && list.isEnd && list.query === '')) {
        selected.delete(key);
      }
    }
  }

  function mark(row, isChecked) {
    if (isChecked) {
      selected.set(row.key, row);
    } else {
      selected.delete(row.key);
    }
  }

  function select(change) {
    const before = selected.size;
    change();
    if (selected.size !== before) {
      announce(selected.size === 0 ? 'Nothing is selected.' : `${count(selected.size)} selected.`);
    }

    draw();
  }

  function drawSelection() {
    byId('selection').hidden = selected.size === 0;
    setText(byId('selection-note'), `${count(selected.size)} selected, ${size(bytesOf([...selected.values()]))}`);
  }

  function onKey(event) {
    const isElsewhere = page.body.dataset.view !== 'files' || event.target.closest?.('input:not([type="checkbox"]), select, textarea, dialog, #details');
    if (event.key === '/' && !isElsewhere) {
      event.preventDefault();
      input.focus();
    } else if (event.key === 'Escape' && !isElsewhere && selected.size > 0) {
      select(() => selected.clear());
    }
  }
}

function bytesOf(rows) {
  return rows.reduce((sum, row) => sum + (row.length ?? 0), 0);
}
