import { count } from '../logic/format.js';
import { cell, h, keyed, setText } from './dom.js';
import { noteText } from './tables.js';

const sayings = { default: 'nobody: as it comes', environment: 'the environment', arguments: 'the command line', kept: 'nobody any more; it stays, for what it protects' };

/** The settings as a table that can be searched. */
export function createSettingsTable(section) {
  const body = section.querySelector('tbody');
  const note = section.querySelector('#settings-note');
  const search = section.querySelector('#settings-search');
  const onlyChanged = section.querySelector('#settings-changed');
  let items = [];
  let asOf = null;
  search.addEventListener('input', draw);
  onlyChanged.addEventListener('change', draw);
  return {
    update(next, stale) {
      items = next;
      asOf = stale;
      draw();
    },
    stale(next) {
      asOf = next;
      setText(note, noteText(note.dataset.text ?? '', asOf));
    },
  };

  function draw() {
    const words = search.value.toLowerCase().split(/\s+/).filter((word) => word !== '');
    const shown = items.filter((item) => words.every((word) => `${item.name} ${item.meaning}`.toLowerCase().includes(word)) && (!onlyChanged.checked || isOther(item)));
    note.dataset.text = shown.length === items.length ? count(items.length) : `${count(shown.length)} of ${count(items.length)}`;
    setText(note, noteText(note.dataset.text, asOf));
    keyed(body, shown, (item) => item.name, createRow, updateRow);
  }

  function createRow(item) {
    return h('tr', { role: 'row' },
      h('th', { scope: 'row', role: 'rowheader' }, h('span', { class: 'mono' }, item.name), h('p', { class: 'hint' })),
      cell('Value', 'mono'), cell('Default', 'mono'), cell('Set by', ''));
  }

  function updateRow(row, item) {
    const [name, value, byDefault, setBy] = row.children;
    setText(name.lastElementChild, `${capital(item.meaning)}.${item.isLive ? '' : ' A change waits for the next start.'}`);
    setText(value, valueOf(item));
    setText(byDefault, item.default === '' ? 'none' : item.default);
    setText(setBy, sayings[item.setBy] ?? item.setBy);
    row.classList.toggle('changed', isOther(item));
  }
}

function valueOf(item) {
  if (item.isSecret) {
    return item.isWaiting ? 'changed; from the next start on' : item.setBy === 'default' ? 'not set' : 'set, and not shown';
  }

  return `${item.value === '' ? 'none' : item.value}${item.isWaiting ? ` (from the next start on: ${item.next || 'none'})` : ''}`;
}

function isOther(item) {
  return item.isSecret ? item.setBy !== 'default' : item.value !== item.default || item.isWaiting;
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1).replace(/\.$/, '');
}
