import { ago, count, holdTogether, size } from '../logic/format.js';
import { calledIn, commands, missingId, nameOf, search } from '../logic/resources.js';
import { h, icon, iconButton, keyed, setAttribute, setText, want } from './dom.js';

const shownStep = 50;

// Who types on is not asked for yet.
const typingMs = 200;

/**
 * The list of resources with its search, which the gateway does: what is here is narrowed at once, and what it finds comes a moment
 * later. Fires `search`, `download`, `rain`, `prefetch`, `propagate`, `delete`, `share`, `copy`,
 * `document` and `load-more`.
 */
export function createResourceList(section, actions) {
  const list = section.querySelector('#resource-list');
  const empty = section.querySelector('#resource-empty');
  const more = section.querySelector('#resource-more');
  const note = section.querySelector('#resources-note');
  const elsewhere = section.querySelector('#elsewhere');
  const input = section.querySelector('#search');
  let state = { items: [], next: null, query: '', all: [], loaded: false };
  let shown = shownStep;
  let typing = 0;

  input.addEventListener('input', () => {
    shown = shownStep;
    draw();
    clearTimeout(typing);
    typing = setTimeout(() => want(section, 'search', input.value.trim()), typingMs);
  });
  more.addEventListener('click', () => {
    shown += shownStep;
    draw();
    if (state.next !== null && shown > state.items.length) {
      want(section, 'load-more');
    }
  });

  return { update(next) { state = next; draw(); } };

  function draw() {
    const query = input.value;
    // The gateway has looked; or all that it has is here, so that nothing need be waited for.
    const isAnswered = state.query === query.trim();
    const items = isAnswered ? state.items : state.all ?? state.items;
    const isKnown = isAnswered || state.all !== null;
    const found = search(items, query);
    keyed(list, found.slice(0, shown), (resource) => resource.id, createRow, updateRow);
    more.hidden = found.length <= shown && (state.next === null || !isAnswered);
    const asked = isKnown ? missingId(items, query) : null;
    drawElsewhere(asked);
    empty.hidden = found.length > 0 || !state.loaded || !isKnown || asked !== null;
    setText(empty, query.trim() === '' ? 'Nothing is kept here yet.' : 'Nothing here matches that.');
    const bytes = state.items.reduce((sum, resource) => sum + (resource.length ?? 0), 0);
    setText(note, state.items.length === 0 ? '' : `${count(state.items.length)}${state.next === null ? '' : '+'} ${state.query === '' ? 'kept' : 'found'} here, ${size(bytes)}`);
  }

  /** An id that is not kept here may be somewhere in the rain. */
  function drawElsewhere(id) {
    elsewhere.hidden = id === null;
    if (id === null || elsewhere.dataset.id === id) {
      return;
    }

    elsewhere.dataset.id = id;
    elsewhere.replaceChildren(
      h('p', {}, h('strong', { class: 'mono' }, id), ' is not kept here. Ask the rain for it:'),
      h('div', { class: 'row-buttons' },
        h('button', { type: 'button', class: 'button primary', onclick: () => want(elsewhere, 'download', { id, isElsewhere: true }) }, 'Download'),
        h('button', { type: 'button', class: 'button', onclick: () => want(elsewhere, 'prefetch', { id }) }, 'Keep it here')));
  }

  function createRow(resource) {
    const name = calledIn(resource);
    const detailsId = `details-${resource.id}`;
    const row = h('li', { class: 'resource' },
      h('div', { class: 'resource-head' },
        h('button', { type: 'button', class: 'resource-name', 'aria-expanded': 'false', 'aria-controls': detailsId, onclick: toggle }, icon('chevron'), h('bdi', {}, nameOf(resource))),
        h('div', { class: 'resource-tools' },
          iconButton('download', `Download ${name}`, () => want(row, 'download', row.resource)),
          iconButton('rain', `Let ${name} rain again from all servers`, () => want(row, 'rain', row.resource)),
          iconButton('trash', `Delete ${name}`, () => want(row, 'delete', row.resource)))),
      h('p', { class: 'resource-facts' }),
      h('div', { class: 'resource-details', id: detailsId, hidden: true }));
    return row;

    function toggle() {
      const details = row.querySelector('.resource-details');
      details.hidden = !details.hidden;
      setAttribute(row.querySelector('.resource-name'), 'aria-expanded', String(!details.hidden));
      if (!details.hidden) {
        fillDetails(row);
      }
    }
  }

  function updateRow(row, resource) {
    const wasSame = row.resource?.version === resource.version;
    row.resource = resource;
    setText(row.querySelector('.resource-name bdi'), nameOf(resource));
    setText(row.querySelector('.resource-facts'), holdTogether([size(resource.length), resource.contentType, resource.fileName ? `id ${resource.id}` : null, ago(resource.modified, Date.now())].filter((text) => text).join('\u00a0· ')));
    if (!wasSame && !row.querySelector('.resource-details').hidden) {
      fillDetails(row);
    }
  }

  function fillDetails(row) {
    const { resource } = row;
    const manifest = `resources/${encodeURIComponent(resource.id)}/manifest`;
    const facts = [
      ['Id', resource.id],
      ['Length', `${count(resource.length)} bytes`],
      ['Type', resource.contentType],
      ['Code', `${resource.code}, ${count(resource.blocks)} ${resource.blocks === 1 ? 'block' : 'blocks'} of ${count(resource.blockSize)} bytes, symbols of ${count(resource.symbolSize)}`],
      ['SHA-256', resource.sha256],
      ['Version', resource.version],
      ['Changed', resource.modified ? new Date(resource.modified).toLocaleString() : null],
    ];
    row.querySelector('.resource-details').replaceChildren(
      h('dl', { class: 'facts' }, ...facts.filter(([, value]) => value).flatMap(([term, value]) => [h('dt', {}, term), h('dd', { class: 'mono' }, String(value))])),
      ...(actions.doReadsNeedKey() ? [h('p', { class: 'hint' }, 'These lines need this gateway’s key: set it first, by KEY=(the key) in the shell.')] : []),
      ...commands(resource, actions.origin, actions.doReadsNeedKey()).map(({ label, line }) => h('div', { class: 'command' },
        h('p', { class: 'command-label' }, label),
        h('code', {}, line),
        iconButton('copy', `Copy: ${label}`, (event) => want(event.currentTarget, 'copy', line)))),
      h('div', { class: 'row-buttons' },
        h('button', { type: 'button', class: 'button', onclick: () => want(row, 'propagate', row.resource) }, 'Replicate to the other nodes'),
        h('button', { type: 'button', class: 'button', onclick: () => want(row, 'share', row.resource) }, 'Copy a link for a day'),
        h('a', { class: 'button', href: manifest, onclick: (event) => followWithKey(event, resource, manifest) }, 'Manifest')));
  }

  /** A browser follows a link without the key. */
  function followWithKey(event, resource, path) {
    if (actions.doReadsNeedKey()) {
      event.preventDefault();
      want(event.currentTarget, 'document', { path, title: `Manifest of ${calledIn(resource)}`, fileName: `manifest-${resource.id}.json` });
    }
  }
}
