// What the page does: it follows the gateway's state down, and takes what people want up, as DOM events.

import { onSchemeChange, refreshScheme } from './canvas/palette.js';
import { askKey, confirmDelete } from './components/dialogs.js';
import { announce, setAttribute, setText } from './components/dom.js';
import { complain, tell } from './components/notices.js';
import { createRain } from './components/rain.js';
import { createResourceList } from './components/resources.js';
import { createServers, createSubscribers } from './components/tables.js';
import { createDropTarget, drawUploads } from './components/uploads.js';
import { ending, isFailure } from './logic/explain.js';
import { count, rate, size } from './logic/format.js';
import { disposition, merge, nameOf, parseId } from './logic/resources.js';
import { byteRate, createBook, forgetEnded, isRunning, observe, ordered, retain } from './logic/transfers.js';
import { change, createQueue, dismiss, enqueue, isOver, measure, recall, startable } from './logic/uploads.js';
import { call, callJson, currentKey, onKeyNeeded, Problem, setKey, upload } from './net/api.js';
import { forget, recallUploads, remember } from './net/memory.js';
import { cancelUpload, uploadInPieces } from './net/resumable.js';
import { follow } from './net/sse.js';

const tablePollMs = 2000;
const resourcePollMs = 10000;
const drawSpacingMs = 200;
const askedAfterMs = 2000;
const pageSize = 200;
const pageCountMax = 50;
const byId = (id) => document.getElementById(id);

const book = createBook();
const opened = new Set();
const pinned = new Set();
const rains = new Map();

// Resources that the page itself waits for: what goes wrong with them is told by the call, with the servers asked.
const asked = new Set();
const uploadsUnderWay = new Map();
let queue = createQueue();
let resources = { items: [], next: null, loaded: false };
let servers = [];
let needsKeyToRead = false;
let drawTimer = 0;
let knowsThePast = false;
let mayHaveRestarted = false;

const rain = createRain(byId('rain'));
const resourceList = createResourceList(byId('resources'), { origin: location.origin });
const serverTable = createServers(byId('servers'));
const subscriberTable = createSubscribers(byId('subscribers'));
createDropTarget(byId('drop'));

setUpTheme();
setUpKey();
setUpWants();
setQueue(recall(queue, recallUploads(Date.now())));
followTransfers();
every(tablePollMs, refreshTables);
every(resourcePollMs, refreshResources);

// ---- down: the gateway's state ----

function followTransfers() {
  follow({
    open: (signal) => call('GET', 'transfers/events', { signal, headers: { Accept: 'text/event-stream' }, background: true }),
    poll: refreshTransfers,
    onEvent: (event) => {
      if (event.type === 'transfer') {
        take(JSON.parse(event.data));
      }
    },
    onState: (state) => {
      const texts = { live: 'Live', reconnecting: 'Reconnecting', polling: 'Polling' };
      byId('link-state').dataset.state = state;
      setText(byId('link-text'), texts[state]);
      mayHaveRestarted ||= state === 'reconnecting';
    },
  });
}

async function refreshTransfers() {
  const { items = [] } = await callJson('GET', 'transfers', { background: true });
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
  const name = nameById(record.latest.resource);
  if (isNew && isRunning(record.latest)) {
    announce(`${name} begins to rain.`);
  }

  if (hasEnded || (isNew && knowsThePast && !isRunning(record.latest))) {
    closeOlder(record.id);
    opened.add(record.id);
    announce(`${name}: ${ending(record.latest)}`);
    refreshResources();
    if (isFailure(record.latest) && !asked.has(record.latest.resource)) {
      complain(new Problem({ title: `The rain of ${name} has stopped`, detail: ending(record.latest) }));
    }
  }

  drawSoon();
}

/** Of the ended transfers the one that ended last stays open by itself, and those that somebody opened. */
function closeOlder(id) {
  for (const other of [...opened]) {
    if (other !== id && !pinned.has(other)) {
      opened.delete(other);
    }
  }
}

async function refreshTables() {
  const [serverPage, subscriberPage] = await Promise.all([callJson('GET', 'servers', { background: true }), callJson('GET', 'subscribers', { background: true })]);
  servers = serverPage?.items ?? [];
  serverTable.update(servers);
  subscriberTable.update(subscriberPage?.items ?? []);
  drawWeather();
}

/** Reads the pages that are shown anew; deleted ones go. */
async function refreshResources() {
  const pages = Math.max(1, Math.ceil(resources.items.length / pageSize));
  await loadResources(Math.min(pages, pageCountMax));
}

async function loadResources(pages) {
  let items = [];
  let next = null;
  for (let page = 0; page < pages; page++) {
    const after = next === null ? '' : `&after=${encodeURIComponent(next)}`;
    const answer = await callJson('GET', `resources?limit=${pageSize}${after}`, { background: true });
    items = merge(items, answer?.items ?? []);
    next = answer?.next ?? null;
    if (next === null) {
      break;
    }
  }

  resources = { items, next, loaded: true };
  resourceList.update(resources);
  drawSoon();
}

function drawSoon() {
  drawTimer ||= setTimeout(() => {
    drawTimer = 0;
    rain.update(book, { opened, nameOf: nameById, stoppable: new Set(rains.keys()) });
    drawWeather();
  }, drawSpacingMs);
}

function drawWeather() {
  const { running } = ordered(book);
  const speed = running.reduce((sum, record) => sum + byteRate(record), 0);
  const up = servers.filter((server) => server.state === 'up').length;
  const sky = running.length === 0 ? 'Clear sky' : `${count(running.length)} ${running.length === 1 ? 'resource rains' : 'resources rain'} at ${rate(speed)}`;
  const isUnheard = servers.every((server) => server.state === 'unknown');
  setText(byId('weather'), `${sky} · ${isUnheard ? `${count(servers.length)} servers known` : `${count(up)} of ${count(servers.length)} servers up`}`);
}

function nameById(id) {
  const known = resources.items.find((resource) => resource.id === id);
  return known ? nameOf(known) : `Resource ${id}`;
}

/** Repeats while the page is seen; a failure waits for the next turn (the link state tells of it). */
function every(milliseconds, work) {
  const turn = () => {
    const done = document.hidden ? Promise.resolve() : work().catch(() => {});
    done.finally(() => setTimeout(turn, milliseconds));
  };
  turn();
}

// ---- up: what people want ----

function setUpWants() {
  const wants = {
    'upload-wanted': takeFiles,
    'upload-cancel': cancelOne,
    'upload-dismiss': (key) => setQueue(dismiss(queue, key)),
    'upload-pause': (key) => stopSending(key, 'paused'),
    'upload-resume': (key) => setQueue(change(queue, key, { state: 'waiting' })),
    'load-more': () => loadResources(resources.next === null ? 1 : byId('search').value.trim() === '' ? Math.ceil(resources.items.length / pageSize) + 1 : pageCountMax),
    download,
    rain: rainAgain,
    prefetch,
    propagate,
    delete: remove,
    copy,
    'server-add': addServer,
    'server-remove': removeServer,
    'transfer-open': openTransfer,
    'transfer-close': (id) => { opened.delete(id); pinned.delete(id); drawSoon(); byId('rain-title').focus(); },
    'transfer-stop': (id) => rains.get(book.records.get(id)?.latest.resource)?.abort(),
  };
  byId('rain-title').tabIndex = -1;
  for (const [name, work] of Object.entries(wants)) {
    document.addEventListener(name, async (event) => {
      try {
        await work(event.detail);
      } catch (problem) {
        if (problem.name !== 'AbortError') {
          complain(problem);
        }
      }
    });
  }
}

function takeFiles({ files, id, code, replicas }) {
  const wanted = id.trim() === '' ? null : parseId(id);
  if (id.trim() !== '' && wanted === null) {
    throw new Problem({ title: 'That is no id', detail: `“${id}” is not a number from 0 to 18,446,744,073,709,551,615, decimal or 0x….` });
  }

  setQueue(enqueue(queue, files, { id: wanted, code, replicas }, recallUploads(Date.now())));
  byId('upload-id').value = '';
}

function setQueue(next) {
  queue = next;
  drawUploads(byId('uploads'), queue);
  startable(queue).forEach(send);
}

async function send(item) {
  const abort = new AbortController();
  uploadsUnderWay.set(item.key, abort);
  setQueue(change(queue, item.key, { state: 'sending' }));
  try {
    const result = await (item.canResume ? sendInPieces(item, abort.signal) : sendAtOnce(item, abort.signal));
    setQueue(change(queue, item.key, { state: 'done', sent: item.length, result }));
    announce(`${item.name} is uploaded, ${size(item.length)}.`);
    await refreshResources();
  } catch (problem) {
    if (problem.name !== 'AbortError') {
      setQueue(change(queue, item.key, { state: 'failed', problem }));
      complain(problem, `“${item.name}” was not uploaded.`);
    }
  } finally {
    if (uploadsUnderWay.get(item.key) === abort) {
      uploadsUnderWay.delete(item.key);
    }

    startable(queue).forEach(send);
  }
}

function sendAtOnce(item, signal) {
  return upload({ ...targetOf(item), file: item.file, onProgress: progressOf(item, signal), signal });
}

async function sendInPieces(item, signal) {
  const known = { id: item.id, name: item.name, length: item.length };
  let location = item.location;
  try {
    const result = await uploadInPieces({
      ...targetOf(item),
      file: item.file,
      location,
      onCreated: (created) => {
        location = created;
        setQueue(change(queue, item.key, { location }));
      },
      onKept: (sent) => remember(item.fingerprint, { ...known, location, sent, atMs: Date.now() }),
      onProgress: progressOf(item, signal),
      onState: (state) => setQueue(change(queue, item.key, { state, speed: null })),
      signal,
    });
    forget(item.fingerprint);
    return result;
  } catch (problem) {
    if (problem.status >= 400 && problem.status < 500 && problem.status !== 401) {
      // Refused for good: there is nothing to go on with.
      forget(item.fingerprint);
    }

    throw problem;
  }
}

/** The request of a plain upload; one in pieces begins with the same. */
function targetOf(item) {
  const query = new URLSearchParams([['code', item.code], ['replicas', item.replicas]].filter(([, value]) => value));
  const path = item.id === null ? 'resources' : `resources/${item.id}`;
  return {
    method: item.id === null ? 'POST' : 'PUT',
    path: query.size > 0 ? `${path}?${query}` : path,
    headers: { 'Content-Type': item.file.type || 'application/octet-stream', 'Content-Disposition': disposition(item.name) },
  };
}

function progressOf(item, signal) {
  let measured = null;
  return (bytes) => {
    if (!signal.aborted) {
      const sent = Math.min(bytes, item.length);
      measured = measure(measured, sent, performance.now());
      setQueue(change(queue, item.key, { sent, speed: measured.speed, state: sent >= item.length ? 'finishing' : 'sending' }));
    }
  };
}

/** Ends the sending of one; what the gateway has of it stays. */
function stopSending(key, state) {
  uploadsUnderWay.get(key)?.abort();
  uploadsUnderWay.delete(key);
  setQueue(change(queue, key, { state, speed: null }));
}

async function cancelOne(key) {
  const item = queue.items.find((each) => each.key === key);
  if (item === undefined || isOver(item)) {
    return;
  }

  stopSending(key, 'cancelled');
  if (item.state === 'remembered') {
    setQueue(dismiss(queue, key));
  }

  if (item.location !== null) {
    forget(item.fingerprint);
    await cancelUpload(item.location);
  }
}

/** By the browser's own download where it can be; a key can only travel with a call of ours. */
async function download({ id, isElsewhere, fileName }) {
  const path = `resources/${id}?download=1`;
  if (isElsewhere) {
    // A browser says nothing of a failed download: the first byte tells whether the rain has it, and why not.
    const probe = await whileAsked(id, () => call('GET', `resources/${id}`, { headers: { Range: 'bytes=0-0' } })).catch((problem) => {
      if (problem.status !== 416) {
        throw problem;
      }
    });
    await probe?.body?.cancel();
  }

  if (!needsKeyToRead) {
    const probe = currentKey() === null ? null : await fetch(path, { method: 'HEAD' }).catch(() => null);
    needsKeyToRead = probe?.status === 401;
  }

  if (!needsKeyToRead) {
    save(path, '');
    return;
  }

  const response = await call('GET', path);
  const address = URL.createObjectURL(await response.blob());
  save(address, fileName ?? id);
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

function save(address, fileName) {
  const link = document.createElement('a');
  link.href = address;
  link.download = fileName;
  link.click();
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
async function rainAgain({ id }) {
  if (rains.has(id)) {
    return;
  }

  const abort = new AbortController();
  rains.set(id, abort);
  showRain();
  drawSoon();
  try {
    const response = await whileAsked(id, () => call('GET', `resources/${id}`, { headers: { 'Cache-Control': 'no-cache' }, signal: abort.signal, cache: 'no-store' }));
    const reader = response.body.getReader();
    let read = 0;
    for (;;) {
      const { done, value } = await reader.read().catch((error) => {
        throw abort.signal.aborted ? error : new Problem({ title: `The rain of ${nameById(id)} broke off`, detail: `${size(read)} had come, all of it verified; the rest did not.` });
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
  take(await callJson('POST', `resources/${id}/prefetch`));
  showRain();
}

async function propagate({ id }) {
  const answer = await callJson('POST', `resources/${id}/propagate`);
  tell(`${nameById(id)} is on its way to the other nodes`, Number.isFinite(answer?.replicas) ? `${count(answer.replicas)} hold it now.` : '');
}

async function remove(resource) {
  const name = nameOf(resource);
  if (await confirmDelete(name)) {
    await call('DELETE', `resources/${resource.id}`);
    announce(`${name} is deleted.`);
    await refreshResources();
    byId('resources').focus();
  }
}

async function copy(line) {
  try {
    await navigator.clipboard.writeText(line);
  } catch {
    // Without a secure context there is no clipboard object; the old way still works.
    const area = document.createElement('textarea');
    area.value = line;
    area.setAttribute('aria-hidden', 'true');
    area.className = 'visually-hidden';
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    if (!done) {
      throw new Problem({ title: 'The line could not be copied', detail: line });
    }
  }

  tell('Copied', line);
}

async function addServer({ endpoint }) {
  await call('PUT', `servers/${endpoint}`);
  announce(`${endpoint} is added.`);
  await refreshTables();
}

async function removeServer(endpoint) {
  await call('DELETE', `servers/${endpoint}`);
  announce(`${endpoint} is removed.`);
  await refreshTables();
}

function openTransfer(id) {
  pinned.add(id);
  opened.add(id);
  rain.update(book, { opened, nameOf: nameById, stoppable: new Set(rains.keys()) });
  byId(`transfer-${id}-title`)?.focus();
}

/** On a narrow page the rain is far below. */
function showRain() {
  const top = byId('rain').getBoundingClientRect().top;
  if (top > innerHeight * 0.7) {
    byId('rain').scrollIntoView({ behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' });
  }
}

// ---- colours and key ----

function setUpTheme() {
  const order = ['auto', 'light', 'dark'];
  const names = { auto: 'as the system', light: 'light', dark: 'dark' };
  const button = byId('theme-button');
  const root = document.documentElement;
  const present = () => root.dataset.theme ?? 'auto';
  button.addEventListener('click', () => {
    const next = order[(order.indexOf(present()) + 1) % order.length];
    if (next === 'auto') {
      delete root.dataset.theme;
    } else {
      root.dataset.theme = next;
    }

    try {
      localStorage.setItem('theme', next);
    } catch {
      // Forbidden storage: the choice lasts as long as the page.
    }

    refreshScheme();
  });
  onSchemeChange(() => {
    const label = `Colours: ${names[present()]}`;
    setAttribute(button, 'aria-label', label);
    setAttribute(button, 'title', label);
    setAttribute(button.querySelector('use'), 'href', `#i-theme-${present()}`);
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', refreshScheme);
  refreshScheme();
}

function setUpKey() {
  const button = byId('key-button');
  const mark = () => button.classList.toggle('on', currentKey() !== null);
  button.addEventListener('click', async () => {
    const key = await askKey('It is kept for this tab alone and sent with every call to this gateway.', currentKey() !== null);
    if (key !== undefined) {
      setKey(key);
      mark();
      announce(key === null ? 'The key is forgotten.' : 'The key is used from now on.');
    }
  });
  onKeyNeeded(async (hadKey) => {
    const key = await askKey(hadKey ? 'This gateway did not accept the key. Another one?' : 'This gateway asks for a key.', hadKey);
    setTimeout(mark);
    return key ?? null;
  });
  mark();
}

