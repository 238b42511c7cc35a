import { count, percent, rate } from '../logic/format.js';
import { isolate } from '../logic/text.js';
import { byteRate, nameOfTransfer, progress } from '../logic/transfers.js';
import { h, keyed, setAttribute, setText, want } from './dom.js';

const shownMax = 3;

/** The rain under way, a line each, above whatever view is shown. Fires `transfer-stop` and `transfer-watch` with a number. */
export function createStrip(strip) {
  const list = strip.querySelector('#strip-list');
  return {
    /** @param {object[]} running Records, oldest first. @param {(record: object) => boolean} canStop @param {Set<number>} stopping @param {boolean} isUnheard */
    update(running, canStop, stopping, isUnheard) {
      strip.hidden = running.length === 0;
      keyed(list, running.slice(0, shownMax), (record) => record.id, createLine, (line, record) => {
        const [name, bar, facts, stop] = line.children;
        const called = nameOfTransfer(record.latest);
        setText(name, called);
        bar.value = progress(record.latest);
        setAttribute(bar, 'aria-label', `Verified of ${isolate(called)}`);
        setText(facts, isUnheard ? 'not heard of' : stopping.has(record.id) ? 'stopping' : `${percent(progress(record.latest))}, ${rate(byteRate(record))}`);
        stop.hidden = !canStop(record) || stopping.has(record.id);
        setAttribute(stop, 'aria-label', `Stop ${isolate(called)}`);
      });
      strip.dataset.more = running.length > shownMax ? `and ${count(running.length - shownMax)} more` : '';
    },
  };

  function createLine(record) {
    return h('li', {},
      h('button', { type: 'button', class: 'strip-name', onclick: () => want(list, 'transfer-watch', record.id) }),
      h('progress', { max: 1, value: 0 }),
      h('span', { class: 'strip-facts' }),
      h('button', { type: 'button', class: 'button small', onclick: () => want(list, 'transfer-stop', record.id) }, 'Stop'));
  }
}
