// The rain: what is under way, as the gateway tells it, what was, and what is made to rain from here.

import { announce } from '../components/dom.js';
import { complain } from '../components/notices.js';
import { createRain as createRainPanel } from '../components/rain.js';
import { createStrip } from '../components/strip.js';
import { ending, isFailure } from '../logic/explain.js';
import { calledRow } from '../logic/files.js';
import { size } from '../logic/format.js';
import { isolate } from '../logic/text.js';
import { byteRate, createBook, forgetEnded, isRunning, isSearch, nameOfTransfer, observe, ordered, retain } from '../logic/transfers.js';
import { call, callJson, Problem } from '../net/api.js';
import { historyMax, isSameTransfer, recallHistory, rememberTransfer } from '../net/history.js';
import { follow } from '../net/sse.js';
import { takeWants } from './wants.js';

const drawSpacingMs = 200;
const patienceMs = 4000;
const askedAfterMs = 2000;

/**
 * @param {Document} page
 * @param {object} needs `connection`; `views`; `onEnded()` when what is kept may be other than it was; `onSky()` when the sky is another.
 */
export function createRain(page, { connection, views, onEnded, onSky }) {
  const book = createBook();
  const history = recallHistory();
  const opened = new Set();
  const pinned = new Set();
  const rains = new Map();
  const stopping = new Set();

  // Resources that the page itself waits for: what goes wrong with them is told by the call, with the servers asked.
  const asked = new Set();

  // Resources that somebody here wants to be kept: what comes of it is told in any case.
  const prefetched = new Set();
  const announced = new Set();
  const panel = createRainPanel(page.getElementById('rain'));
  const strip = createStrip(page.getElementById('strip'));
  const title = page.getElementById('rain-title');
  let drawTimer = 0;
  let knowsThePast = false;
  let mayHaveRestarted = false;

  title.tabIndex = -1;
  takeWants({
    rain: rainAgain,
    prefetch,
    'transfer-open': open,
    'transfer-close': close,
    'transfer-stop': (id) => {
      stopping.add(id);
      rains.get(book.records.get(id)?.latest.resource)?.abort();
      draw();
    },
    'transfer-watch': (id) => {
      views.go('rain');
      open(id);
    },
  });
  const stream = follow({
    open: (signal) => call('GET', 'transfers/events', { signal, headers: { Accept: 'text/event-stream' }, background: true }),
    poll: refresh,
    onEvent: (event) => {
      if (event.type === 'transfer') {
        take(JSON.parse(event.data));
      }
    },
    onState: (state) => {
      mayHaveRestarted ||= state === 'reconnecting';
      connection.streamed(state);
    },
  });

  return {
    hurry: stream.hurry,
    draw: drawSoon,
    whileAsked,
    /** How many rain now, and bytes a second of all. */
    sky() {
      const running = ordered(book).running.filter(isTold);
      return { count: running.length, bytesPerSecond: running.reduce((sum, record) => sum + byteRate(record), 0) };
    },
  };

  async function refresh() {
    const { items = [] } = await callJson('GET', 'transfers', { background: true, patienceMs });
    if (mayHaveRestarted) {
      mayHaveRestarted = false;
      forgetEnded(book);
    }

    retain(book, new Set(items.map((item) => Number(item.id))));
    items.forEach(take);
    knowsThePast = true;
    drawSoon();
  }

  function take(transfer) {
    const seen = observe(book, transfer, performance.now());
    if (seen === null) {
      return;
    }

    const { record, isNew, hasEnded } = seen;
    const name = isolate(nameOfTransfer(record.latest));
    if (!isRunning(record.latest)) {
      stopping.delete(record.id);
      announced.delete(record.id);
    }

    if (!isTold(record)) {
      drawSoon();
      return;
    }

    if (isRunning(record.latest) && !announced.has(record.id)) {
      announced.add(record.id);
      announce(`${name} begins to rain.`);
    }

    if (hasEnded || (isNew && !isRunning(record.latest))) {
      remember(record.latest);
    }

    if (hasEnded || (isNew && knowsThePast && !isRunning(record.latest))) {
      closeOlder(record.id);
      opened.add(record.id);
      announce(`${name}: ${ending(record.latest)}`);
      onEnded();
      const { resource, sources, receivedBytes } = record.latest;
      if (isFailure(record.latest) && (receivedBytes > 0 || prefetched.has(resource)) && !asked.has(resource)) {
        complain(new Problem({ title: receivedBytes > 0 ? `The rain of ${name} has stopped` : `${name} did not rain`, detail: ending(record.latest), sources }));
      }
    }

    drawSoon();
  }

  /** Whether a transfer is worth words: of what others look for in vain, and what uploads make sure is nowhere, nobody needs to hear. */
  function isTold({ latest }) {
    return !isSearch(latest) || [prefetched, rains, asked].some((ours) => ours.has(latest.resource));
  }

  function remember(latest) {
    if (!history.some((known) => isSameTransfer(known, latest))) {
      // Of what was over when the page was opened nobody says when.
      history.unshift(rememberTransfer(latest, knowsThePast ? Date.now() : 0));
      history.length = Math.min(history.length, historyMax);
    }
  }

  /** Of the ended transfers the one that ended last stays open by itself, and those that somebody opened. */
  function closeOlder(id) {
    for (const other of [...opened]) {
      if (other !== id && !pinned.has(other)) {
        opened.delete(other);
      }
    }
  }

  function drawSoon() {
    drawTimer ||= setTimeout(() => {
      drawTimer = 0;
      draw();
    }, drawSpacingMs);
  }

  function draw() {
    const asOf = connection.asOf();
    const known = [...book.records.values()].map((record) => record.latest);
    const earlier = history.filter((past) => !known.some((latest) => isSameTransfer(past, latest)));
    panel.update(book, { isTold, opened, stoppable: new Set(rains.keys()), stopping, asOf, earlier });
    strip.update(ordered(book).running.filter(isTold), (record) => rains.has(record.latest.resource), stopping, asOf !== null);
    onSky();
  }

  function open(id) {
    pinned.add(id);
    opened.add(id);
    draw();
    page.getElementById(`transfer-${id}-title`)?.focus();
  }

  function close(id) {
    opened.delete(id);
    pinned.delete(id);
    drawSoon();
    title.focus();
  }

  /** Marks a resource as asked for while a call for it is under way, and until its transfer's last event has come too. */
  async function whileAsked(id, work) {
    asked.add(id);
    try {
      return await work();
    } finally {
      setTimeout(() => asked.delete(id), askedAfterMs);
    }
  }

  /** Fetches from the rain though it may be kept here, and lets the bytes go: the rain is what is wanted. */
  async function rainAgain(row) {
    const { id } = row;
    if (rains.has(id)) {
      return;
    }

    const abort = new AbortController();
    rains.set(id, abort);
    views.go('rain');
    drawSoon();
    try {
      const response = await whileAsked(id, () => call('GET', `resources/${id}`, { headers: { 'Cache-Control': 'no-cache' }, signal: abort.signal, cache: 'no-store' }));
      const reader = response.body.getReader();
      let read = 0;
      for (;;) {
        const { done, value } = await reader.read().catch((error) => {
          throw abort.signal.aborted ? error : new Problem({ title: `The rain of ${calledRow(row)} broke off`, detail: `${size(read)} had come, all of it verified; the rest did not.` });
        });
        if (done) {
          break;
        }

        read += value.length;
      }
    } finally {
      rains.delete(id);
      drawSoon();
    }
  }

  async function prefetch({ id }) {
    prefetched.add(id);
    take(await callJson('POST', `resources/${id}/prefetch`));
  }
}
