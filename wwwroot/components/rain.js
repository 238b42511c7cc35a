import { count, duration, percent, rate, size, words } from '../logic/format.js';
import { ending } from '../logic/explain.js';
import { byteRate, isRunning, nameOfTransfer, ordered, progress } from '../logic/transfers.js';
import { h, keyed, setAttribute, setText, want } from './dom.js';
import { createTransferCard } from './transfer-card.js';

const cardCountMax = 6;
const pastCountMax = 30;

/** A search that takes as long as this is worth a card. */
const searchShownMs = 1000;

/** All transfers: a card for each that runs or was opened, a line for each that has ended, those before the gateway's start among them.
 * Fires `transfer-open`. */
export function createRain(section) {
  const cards = section.querySelector('#transfers');
  const calm = section.querySelector('#calm');
  const past = section.querySelector('#past');
  const pastTitle = section.querySelector('#past-title');
  const note = section.querySelector('#rain-note');

  return {
    /**
     * @param {object} book
     * @param {object} view `isTold(record)` whether it is more than a search in vain, `opened` numbers, `stoppable` resources, numbers that are `stopping`, `asOf` when the gateway is not heard, `earlier` transfers, which the
     * gateway knows no more.
     */
    update(book, view) {
      const all = ordered(book);
      const running = all.running.filter((record) => view.isTold(record) || record.latest.elapsedMs >= searchShownMs);
      const ended = all.ended.filter(view.isTold);
      const shown = [...running.slice(0, cardCountMax), ...ended.filter((record) => view.opened.has(record.id))];
      keyed(cards, shown, (record) => record.id, createTransferCard, (card, record) => {
        card.show(record, { name: nameOfTransfer(record.latest), canStop: view.stoppable.has(record.latest.resource), isStopping: view.stopping.has(record.id), asOf: view.asOf });
      });
      calm.hidden = shown.length > 0 || view.asOf !== null;
      const lines = [...running.slice(cardCountMax), ...ended.filter((record) => !view.opened.has(record.id))].slice(0, pastCountMax);
      const before = view.earlier.slice(0, Math.max(0, pastCountMax - lines.length));
      pastTitle.hidden = lines.length + before.length === 0;
      keyed(
        past, [...lines, ...before.map((latest) => ({ latest, endedAt: latest.endedAt }))],
        (record) => record.id ?? `before ${record.endedAt} ${record.latest.id} ${record.latest.resource}`,
        (record) => (record.id === undefined ? createPast() : createLine(record)), updateLine);
      const speed = running.reduce((sum, record) => sum + byteRate(record), 0);
      setText(note, view.asOf === '' ? 'not seen yet' : view.asOf !== null ? `as of ${view.asOf}` : running.length === 0 ? '' : `${count(running.length)} under way, ${rate(speed)}`);
    },
  };

  function createLine(record) {
    return h('li', { class: 'past-line' },
      h('button', { type: 'button', onclick: (event) => want(event.currentTarget, 'transfer-open', record.id) },
        h('span', { class: 'state' }), h('span', { class: 'past-name' }), h('span', { class: 'past-facts' })));
  }

  /** Of what the gateway knows no more there is a line, with what was said of it. */
  function createPast() {
    return h('li', { class: 'past-line before' },
      h('details', {}, h('summary', {}, h('span', { class: 'state' }), h('span', { class: 'past-name' }), h('span', { class: 'past-facts' })), h('p', { class: 'past-words' })));
  }

  function updateLine(line, record) {
    const { latest } = record;
    const [state, name, facts] = line.querySelectorAll('.state, .past-name, .past-facts');
    const said = line.querySelector('.past-words');
    setText(state, words(latest.state));
    setAttribute(state, 'data-kind', latest.state === 'completed' ? 'good' : isRunning(latest) || latest.state === 'cancelled' ? 'plain' : 'bad');
    setText(name, nameOfTransfer(latest));
    const share = progress(latest);
    const came = latest.receivedBytes > 0;
    setText(facts, [
      record.endedAt ? new Date(record.endedAt).toLocaleString() : null,
      latest.length ? size(latest.length) : null,
      came && latest.state !== 'completed' ? percent(share) : null,
      latest.elapsedMs > 0 ? duration(latest.elapsedMs) : null,
      came ? rate(record.samples !== undefined ? byteRate(record) : latest.elapsedMs > 0 ? (latest.receivedBytes / latest.elapsedMs) * 1000 : 0) : null,
    ].filter((fact) => fact).join(' · '));
    if (said) {
      setText(said, [ending(latest), latest.state === 'completed' ? latest.verdict : ''].filter((text) => text).join(' '));
    }
  }
}
