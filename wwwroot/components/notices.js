import { lossOf } from '../logic/transfers.js';
import { duration, count, percent, ago, words } from '../logic/format.js';
import { cell, h, icon, iconButton } from './dom.js';

const noticeCountMax = 4;
const host = () => document.getElementById('notices');

/** Shows that something went well, for a while. */
export function tell(title, detail = '') {
  const notice = show('good', 'check', title, detail, []);
  setTimeout(() => notice.remove(), 6000);
}

/** Shows what went wrong, in words, until it is dismissed. */
export function complain(problem, doing = '') {
  const detail = [problem.detail, doing].filter((text) => text).join(' ');
  show('bad', 'warning', problem.title ?? problem.message ?? 'Something went wrong', detail, problem.sources ?? []);
}

function show(kind, picture, title, detail, sources) {
  const notice = h('div', { class: `notice ${kind}`, role: kind === 'bad' ? 'alert' : 'status' },
    icon(picture),
    h('div', { class: 'notice-body' },
      h('p', { class: 'notice-title' }, title),
      detail ? h('p', {}, detail) : null,
      sources.length > 0 ? sourceTable(sources) : null),
    iconButton('close', 'Dismiss', () => notice.remove()));
  const list = host();
  while (list.children.length >= noticeCountMax) {
    list.firstElementChild.remove();
  }

  list.append(notice);
  return notice;
}

/** The servers asked and what became of them, as a failed fetch tells it. */
function sourceTable(sources) {
  const now = Date.now();

  // A transfer's sources do not say when they were heard.
  const knowsWhen = sources.some((source) => 'lastSeen' in source);
  const columns = [['State', ''], ['Droplets', 'num'], ['Loss', 'num'], ['Round trip', 'num'], ...(knowsWhen ? [['Last heard', '']] : [])];
  return h('div', { class: 'table-wrap', role: 'region', 'aria-label': 'Servers asked', tabindex: '0' },
    h('table', { role: 'table' },
      h('caption', {}, sources.length === 1 ? 'The server asked' : `The ${count(sources.length)} servers asked`),
      h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, h('th', { scope: 'col', role: 'columnheader' }, 'Server'), ...columns.map(([name, kind]) => h('th', { scope: 'col', role: 'columnheader', class: kind }, name)))),
      h('tbody', { role: 'rowgroup' }, ...sources.map((source) => h('tr', { role: 'row' },
        h('th', { scope: 'row', role: 'rowheader', class: 'mono' }, String(source.endpoint ?? '')),
        cell('', '', words(source.state)),
        cell('Droplets', 'num', count(source.droplets)),
        cell('Loss', 'num', percent(source.loss ?? lossOf({ sources: [source] }))),
        cell('Round trip', 'num', duration(source.rttMs)),
        knowsWhen ? cell('Last heard', '', source.lastSeen ? ago(source.lastSeen, now) : 'not yet') : null)))));
}
