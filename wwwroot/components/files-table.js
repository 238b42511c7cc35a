import { ago, count, size } from '../logic/format.js';
import { calledRow, folderOf, pictureOf } from '../logic/files.js';
import { h, icon, iconButton, setAttribute, setText, want } from './dom.js';
import { createVirtualRows } from './virtual-rows.js';

/**
 * The table of files. Fires `file-open`, `file-check` with {row, isChecked, isRange}, `folder-open` with a path, `download`, `rain` and
 * `delete` with the row, `sort-by` with a column's name and `check-all` with whether.
 * @param {HTMLElement} table
 * @param {(index: number) => void} needs Up to which row they are wanted.
 */
export function createFilesTable(table, needs) {
  const rows = createVirtualRows(table.querySelector('#files-scroller'), table.querySelector('#files-sizer'), { create: createRow, update: updateRow, needs });
  const all = table.querySelector('#select-all');
  let selected = new Map();
  let opened = null;
  let isInFolder = false;
  all.addEventListener('change', () => want(table, 'check-all', all.checked));
  table.querySelectorAll('.column').forEach((column) => column.addEventListener('click', () => want(table, 'sort-by', column.dataset.sort)));

  return {
    /** @param {object} view `rows`, `total`, `selected` (by key), `opened` (a key or null), `sort` {by, isDescending}, `isInFolder`. */
    update(view) {
      ({ selected, opened, isInFolder } = view);
      setAttribute(table, 'aria-rowcount', String(Math.max(view.total, view.rows.length) + 1));
      // All rows are gone through only where something is selected: there may be a hundred thousand.
      all.checked = selected.size > 0 && view.rows.every((row) => row.kind !== 'file' || selected.has(row.key)) && view.rows.some((row) => row.kind === 'file');
      all.indeterminate = selected.size > 0 && !all.checked;
      for (const column of table.querySelectorAll('.column')) {
        setAttribute(column.parentElement, 'aria-sort', column.dataset.sort !== view.sort.by ? 'none' : view.sort.isDescending ? 'descending' : 'ascending');
      }

      rows.update(view.rows, view.total);
    },
    toTop: rows.toTop,
    focus: rows.focus,
  };

  function createRow() {
    const check = h('input', { type: 'checkbox', onclick: (event) => want(row, 'file-check', { row: row.item, isChecked: event.currentTarget.checked, isRange: event.shiftKey }) });
    const row = h('div', { role: 'row', class: 'file-row resource' },
      h('span', { role: 'cell', class: 'check' }, h('label', { class: 'check-label' }, h('span', { class: 'visually-hidden' }), check)),
      h('span', { role: 'cell', class: 'name' },
        h('button', { type: 'button', class: 'resource-name', onclick: () => (row.item?.kind === 'folder' ? want(row, 'folder-open', row.item.path) : want(row, 'file-open', row.item)) },
          icon('file'), h('bdi', {})),
        h('button', { type: 'button', class: 'file-folder', onclick: () => want(row, 'folder-open', folderOf(row.item.path)) })),
      h('span', { role: 'cell', class: 'num size' }),
      h('span', { role: 'cell', class: 'type' }),
      h('span', { role: 'cell', class: 'changed' }),
      h('span', { role: 'cell', class: 'copies' }),
      h('span', { role: 'cell', class: 'tools' },
        iconButton('download', '', () => want(row, 'download', row.item)),
        iconButton('rain', '', () => want(row, 'rain', row.item)),
        iconButton('trash', '', () => want(row, 'delete', row.item))));
    return row;
  }

  function updateRow(row, item) {
    const [check, name, length, type, changed, copies, tools] = row.children;
    const isFile = item?.kind === 'file';
    row.item = item;
    row.classList.toggle('selected', item !== undefined && selected.has(item.key));
    row.classList.toggle('opened', item !== undefined && item.key === opened);
    row.classList.toggle('resource', item !== undefined);
    row.classList.toggle('folder', item?.kind === 'folder');
    const [open, folder] = name.children;
    check.firstElementChild.hidden = !isFile;
    tools.hidden = !isFile;
    open.hidden = item === undefined;
    if (item === undefined) {
      folder.hidden = true;
      [length, type, changed, copies].forEach((cell) => setText(cell, ''));
      return;
    }

    const called = calledRow(item);
    const box = check.querySelector('input');
    setText(check.querySelector('.visually-hidden'), `Select ${called}`);
    box.checked = selected.has(item.key);
    setAttribute(open.querySelector('use'), 'href', `#i-${pictureOf(item)}`);
    setText(open.querySelector('bdi'), item.name);
    setAttribute(open, 'title', item.path ?? item.name);
    const where = isFile && item.path && !isInFolder ? folderOf(item.path) : '';
    folder.hidden = where === '';
    setText(folder, where);
    setAttribute(folder, 'aria-label', `The folder ${where}`);
    setText(length, isFile ? size(item.length) : '');
    setText(type, isFile ? item.contentType : 'folder');
    setAttribute(type, 'title', isFile ? item.contentType : null);
    setText(changed, isFile ? ago(item.modified, Date.now()) : '');
    setAttribute(changed, 'title', item.modified ? new Date(item.modified).toLocaleString() : null);
    setText(copies, isFile ? copiesOf(item) : '');
    ['Download', 'Let', 'Delete'].forEach((verb, index) => {
      const label = verb === 'Let' ? `Let ${called} rain again from all servers` : `${verb} ${called}`;
      setAttribute(tools.children[index], 'aria-label', label);
      setAttribute(tools.children[index], 'title', label);
    });
  }
}

function copiesOf({ storage, replicas, wanted }) {
  if (storage === 'archived') {
    return 'archived';
  }

  if (storage === 'parts') {
    return 'in parts';
  }

  return replicas === null ? '' : wanted === null || wanted <= 1 ? count(replicas) : `${count(replicas)} of ${count(wanted)}`;
}
