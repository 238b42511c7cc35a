import { calledRow, previewOf } from '../logic/files.js';
import { count, size } from '../logic/format.js';
import { commands } from '../logic/resources.js';
import { h, iconButton, setText, want } from './dom.js';

/**
 * All that is known of a file, and what can be done with it. Fires `preview`, `replicate`, `archive`, `restore`, `rename`, `share`,
 * `prefetch`, `copy`, `document` and `details-close`.
 */
export function createDetails(sheet, { origin, doReadsNeedKey }) {
  const title = sheet.querySelector('#details-title');
  const body = sheet.querySelector('#details-body');
  const [deeds, known] = [h('div', { class: 'row-buttons' }), h('div', {})];
  let shown = null;
  sheet.querySelector('#details-close').addEventListener('click', () => want(sheet, 'details-close'));

  return {
    /** @param {object} row @param {Map<string, string>} names Of nodes, by their ids. */
    show(row, names) {
      const before = shown;
      shown = row;
      sheet.hidden = false;
      setText(title, row.name);
      if (before?.key !== row.key) {
        body.replaceChildren(deeds, known);
        body.scrollTop = 0;
      }

      // Whoever is at a button stays there when more of the same file becomes known.
      if (before?.key !== row.key || before.storage !== row.storage || before.path !== row.path) {
        drawDeeds(row);
      }

      drawKnown(row, names);
    },
    hide() {
      shown = null;
      sheet.hidden = true;
      body.replaceChildren();
    },
    focus: () => sheet.focus(),
  };

  function drawDeeds(row) {
    const manifest = `resources/${encodeURIComponent(row.id)}/manifest`;
    const button = (label, action) => h('button', { type: 'button', class: 'button', onclick: () => want(body, action, shown) }, label);
    deeds.replaceChildren(...[
      previewOf(row) ? button('Preview', 'preview') : null,
      button('Copy a link for a day', 'share'),
      row.path ? button('Rename or copy', 'rename') : null,
      button('Replicate', 'replicate'),
      row.storage === 'archived' ? button('Back to replicas', 'restore') : button('Archive', 'archive'),
      h('a', { class: 'button', href: manifest, onclick: (event) => followWithKey(event, shown, manifest) }, 'Manifest'),
    ].filter((deed) => deed !== null));
  }

  function drawKnown(row, names) {
    const facts = factsOf(row, names);
    known.replaceChildren(
      h('dl', { class: 'facts' }, ...facts.flatMap(([term, value]) => [h('dt', {}, term), h('dd', { class: 'mono' }, String(value))])),
      ...(doReadsNeedKey() ? [h('p', { class: 'hint' }, 'These lines need this gateway’s key: set it first, by KEY=(the key) in the shell.')] : []),
      ...commands(row, origin, doReadsNeedKey()).map(({ label, line }) => h('div', { class: 'command' },
        h('p', { class: 'command-label' }, label),
        h('code', {}, line),
        iconButton('copy', `Copy: ${label}`, (event) => want(event.currentTarget, 'copy', line)))));
  }

  function factsOf(row, names) {
    const summary = row.summary ?? {};
    return [
      ['Path', row.path],
      ['Id', row.id],
      ['Size', row.length === undefined ? null : row.length < 1000 ? size(row.length) : `${size(row.length)}, ${count(row.length)} bytes`],
      ['Type', row.contentType],
      ['Changed', row.modified ? new Date(row.modified).toLocaleString() : null],
      ['Version', row.version],
      ['SHA-256', summary.sha256],
      ['Code', summary.code ? `${summary.code}, ${count(summary.blocks)} ${summary.blocks === 1 ? 'block' : 'blocks'} of ${count(summary.blockSize)} bytes, symbols of ${count(summary.symbolSize)}` : null],
      ['Kept', summary.storage !== 'replicated' ? `in ${summary.storage === 'parts' ? 'parts, each twice' : 'coded pieces'}${Number.isFinite(summary.survives) ? `; any ${count(summary.survives)} nodes can be lost` : ''}` : copiesOf(summary)],
      ['Pieces', summary.pieces?.length > 0 ? summary.pieces.map(({ node, indexes }) => `${names.get(node) ?? node}: ${indexes.join(', ')}`).join('\n') : null],
      ['Held by', summary.holders?.length > 0 ? summary.holders.map((id) => names.get(id) ?? id).join('\n') : null],
    ].filter(([, value]) => value);
  }

  function copiesOf({ replicas, wanted }) {
    return Number.isFinite(replicas) ? `whole, by ${count(replicas)} of ${count(wanted ?? replicas)} ${wanted === 1 ? 'node' : 'nodes'}` : null;
  }

  /** A browser follows a link without the key. */
  function followWithKey(event, row, path) {
    if (doReadsNeedKey()) {
      event.preventDefault();
      want(event.currentTarget, 'document', { path, title: `Manifest of ${calledRow(row)}`, fileName: `manifest-${row.id}.json` });
    }
  }
}
