import { ago, count, duration, percent, rate, words } from '../logic/format.js';
import { parseEndpoint } from '../logic/resources.js';
import { cell, h, iconButton, keyed, setAttribute, setText, want } from './dom.js';

const lively = new Set(['up', 'raining', 'done', 'completed']);
const troubled = new Set(['silent', 'lied', 'stale', 'unresolvable', 'busy', 'notFound', 'withholding']);

/** How a state is marked: `good`, `bad` or `plain`. Its word is always there too. */
export function stateKind(state) {
  return lively.has(state) ? 'good' : troubled.has(state) ? 'bad' : 'plain';
}

/** What a table says of itself; of figures that may be so no more, since when: null for those of now, '' when there never were any. */
export function noteText(text, asOf) {
  return [text, asOf === null ? '' : asOf === '' ? 'not seen yet' : `as of ${asOf}`].filter((part) => part).join(', ');
}

/** The servers table and its form. Fires `server-add` with {endpoint} and `server-remove` with the server. */
export function createServers(section) {
  const body = section.querySelector('tbody');
  const note = section.querySelector('#servers-note');
  const form = section.querySelector('#server-form');
  const address = section.querySelector('#server-address');
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const parsed = parseEndpoint(address.value);
    address.setCustomValidity(parsed ? '' : 'Host and port are needed, as in rain.example:1980.');
    if (!parsed) {
      form.reportValidity();
      return;
    }

    want(form, 'server-add', parsed);
    address.value = '';
  });
  address.addEventListener('input', () => address.setCustomValidity(''));

  return {
    update(servers, asOf) {
      const now = Date.now();
      const up = servers.filter((server) => server.state === 'up').length;
      const isUnheard = servers.every((server) => server.state === 'unknown');
      setText(note, noteText(servers.length === 0 ? '' : isUnheard ? `${count(servers.length)} known, not asked yet` : `${count(up)} of ${count(servers.length)} up`, asOf));
      keyed(body, servers, (server) => server.endpoint, createRow, (row, server) => {
        row.server = server;
        const [state, rtt, speed, loss, seen] = [...row.children].slice(1);
        setText(state.firstElementChild, words(server.state));
        setAttribute(state.firstElementChild, 'data-kind', stateKind(server.state));
        setText(rtt, duration(server.rttMs));
        setText(speed, server.rateBytesPerSecond > 0 ? rate(server.rateBytesPerSecond) : '–');
        setText(loss, server.lastSeen ? percent(server.loss) : '–');
        setText(seen, server.lastSeen ? ago(server.lastSeen, now) : 'not yet');
      });
    },
  };

  function createRow(server) {
    const origins = { file: 'from servers.json', api: 'added here', peer: 'found by itself' };
    return h('tr', { role: 'row' },
      h('th', { scope: 'row', role: 'rowheader', class: 'mono', title: origins[server.origin] ?? '' }, server.endpoint),
      cell('', '', h('span', { class: 'state' })),
      cell('Round trip', 'num'), cell('Rate', 'num'), cell('Loss', 'num'), cell('Last seen', ''),
      cell('', 'end', iconButton('close', `Remove ${server.endpoint}`, (event) => want(event.currentTarget, 'server-remove', event.currentTarget.closest('tr').server))));
  }
}

/** The subscribers table. */
export function createSubscribers(section) {
  const body = section.querySelector('tbody');
  const note = section.querySelector('#subscribers-note');
  const wrap = section.querySelector('.table-wrap');
  const empty = h('p', { class: 'empty' }, 'This node rains on nobody just now.');
  wrap.after(empty);
  return {
    update(subscribers, asOf) {
      setText(note, noteText(subscribers.length === 0 ? '' : count(subscribers.length), asOf));
      empty.hidden = subscribers.length > 0 || asOf !== null;
      wrap.hidden = subscribers.length === 0;
      keyed(body, subscribers.slice(0, 200), (row) => `${row.server} ${row.endpoint} ${row.resource}`, createRow, (row, subscriber) => {
        const [speed, droplets, expires] = [...row.children].slice(3);
        setText(speed, rate(subscriber.rateBytesPerSecond));
        setText(droplets, count(subscriber.droplets));
        setText(expires, duration(subscriber.expiresInMs));
      });
    },
  };

  function createRow(subscriber) {
    return h('tr', { role: 'row' },
      h('th', { scope: 'row', role: 'rowheader', class: 'mono' }, subscriber.endpoint),
      cell('Rained on by', 'mono', subscriber.server),
      cell('Resource', 'mono', subscriber.resource),
      cell('Rate', 'num'), cell('Droplets', 'num'), cell('Expires in', 'num'));
  }
}
