// What the page does: it follows the gateway's state down, and takes what people want up, as DOM events.

import { copy } from './components/clipboard.js';
import { createCluster } from './components/cluster.js';
import { confirmDelete, confirmDrain, confirmRemoval, showDocument } from './components/dialogs.js';
import { announce, setText, want } from './components/dom.js';
import { createFleet } from './components/fleet.js';
import { setUpKey } from './components/key.js';
import { createLinkSign, timeOf } from './components/link.js';
import { complain, tell } from './components/notices.js';
import { createRain } from './components/rain.js';
import { createResourceList } from './components/resources.js';
import { createServers, createSubscribers } from './components/tables.js';
import { setUpTheme } from './components/theme.js';
import { createDropTarget, drawUploads } from './components/uploads.js';
import { nameOfNode } from './logic/cluster.js';
import { copiesText, ending, isFailure, weather } from './logic/explain.js';
import { count, size } from './logic/format.js';
import { createLink, heard, isStale, linkState, streamed } from './logic/link.js';
import { calledIn, merge, parseId } from './logic/resources.js';
import { isolate } from './logic/text.js';
import { byteRate, createBook, forgetEnded, isRunning, nameOfTransfer, observe, ordered, retain } from './logic/transfers.js';
import { call, callJson, doReadsNeedKey, learnWhetherReadsNeedKey, onLink, Problem } from './net/api.js';
import { drain, readCluster, stopDraining } from './net/cluster.js';
import { readDeployments } from './net/deployments.js';
import { download, probe } from './net/downloads.js';
import * as memory from './net/memory.js';
import { giveUp } from './net/resumable.js';
import { sendItem } from './net/sending.js';
import { follow } from './net/sse.js';
import { createUploader } from './net/uploader.js';

const tablePollMs = 2000;
const resourcePollMs = 10000;
const drawSpacingMs = 200;
const patienceMs = 4000;
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
// `all` is what there is, where that is few enough to be here whole; else null.
let resources = { items: [], next: null, query: '', all: [], loaded: false };

// What is searched for: the gateway looks, for it alone knows all that it has.
let query = '';
let servers = [];
let subscribers = [];
let seenCluster = { cluster: null, nodes: null };
let seenDeployments = { items: null, shown: null };
let link = createLink();
let drawTimer = 0;
let knowsThePast = false;
let mayHaveRestarted = false;

const rain = createRain(byId('rain'));
const resourceList = createResourceList(byId('resources'), { origin: location.origin, doReadsNeedKey });
const serverTable = createServers(byId('servers'));
const subscriberTable = createSubscribers(byId('subscribers'));
const clusterPanel = createCluster(byId('cluster'));
const fleetPanel = createFleet(byId('fleet'));
const linkSign = createLinkSign(document);
const uploads = createUploader({ send: sendFile, giveUp, memory, onChange: (queue) => drawUploads(byId('uploads'), queue), onEnd: tellOfUpload });
createDropTarget(byId('drop'));

onLink((status, title) => setLink(heard(link, status, title, Date.now())));
setUpTheme(byId('theme-button'));
setUpKey([byId('key-button'), byId('link-key')], refreshAll);
learnWhetherReadsNeedKey();
setUpWants();
uploads.recall();
const stream = followTransfers();
every(tablePollMs, refreshTables);
every(tablePollMs, refreshCluster);
every(resourcePollMs, refreshResources);

// ---- down: the gateway's state ----

function followTransfers() {
  return follow({
    open: (signal) => call('GET', 'transfers/events', { signal, headers: { Accept: 'text/event-stream' }, background: true }),
    poll: refreshTransfers,
    onEvent: (event) => {
      if (event.type === 'transfer') {
        take(JSON.parse(event.data));
      }
    },
    onState: (state) => {
      mayHaveRestarted ||= state === 'reconnecting';
      setLink(streamed(link, state, Date.now()));
    },
  });
}

/** One place where it is known whether the gateway answers; everything that shows figures asks it. */
function setLink(next) {
  const wasStale = isStale(link);
  link = next;
  linkSign.update(link);
  if (isStale(link) !== wasStale) {
    drawTables();
    drawSoon();
    if (wasStale) {
      refreshAll();
    }
  }
}

/** The gateway answers again, or there is another key. */
function refreshAll() {
  stream.hurry();
  refreshTables().catch(() => {});
  refreshCluster().catch(() => {});
  refreshResources().catch(() => {});
}

async function refreshTransfers() {
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
  if (isNew && isRunning(record.latest)) {
    announce(`${name} begins to rain.`);
  }

  if (hasEnded || (isNew && knowsThePast && !isRunning(record.latest))) {
    closeOlder(record.id);
    opened.add(record.id);
    announce(`${name}: ${ending(record.latest)}`);
    refreshResources();
    if (isFailure(record.latest) && !asked.has(record.latest.resource)) {
      const { sources, receivedBytes } = record.latest;
      complain(new Problem({ title: receivedBytes > 0 ? `The rain of ${name} has stopped` : `${name} did not rain`, detail: ending(record.latest), sources }));
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
  const [serverPage, subscriberPage] = await Promise.all(['servers', 'subscribers'].map((path) => callJson('GET', path, { background: true, patienceMs })));
  servers = serverPage?.items ?? [];
  subscribers = subscriberPage?.items ?? [];
  drawTables();
}

async function refreshCluster() {
  [seenCluster, seenDeployments] = await Promise.all([readCluster(patienceMs), readDeployments(patienceMs)]);
  drawTables();
}

function drawTables() {
  const asOf = seenAt();
  clusterPanel.update(seenCluster, servers, asOf);
  fleetPanel.update(seenDeployments, seenCluster.nodes, asOf);
  serverTable.update(servers, asOf);
  subscriberTable.update(subscribers, asOf);
  drawWeather();
}

/** Reads the pages that are shown anew; deleted ones go. */
async function refreshResources() {
  const pages = Math.max(1, Math.ceil(resources.items.length / pageSize));
  await loadResources(Math.min(pages, pageCountMax));
}

async function loadResources(pages) {
  const wanted = query;
  const search = wanted === '' ? '' : `&search=${encodeURIComponent(wanted)}`;
  let items = [];
  let next = null;
  for (let page = 0; page < pages; page++) {
    const after = next === null ? '' : `&after=${encodeURIComponent(next)}`;
    const answer = await callJson('GET', `resources?limit=${pageSize}${after}${search}`, { background: true });
    if (wanted !== query) {
      return;
    }

    items = merge(items, answer?.items ?? []);
    next = answer?.next ?? null;
    if (next === null) {
      break;
    }
  }

  const all = wanted !== '' ? resources.all : next === null ? items : null;
  resources = { items, next, query: wanted, all, loaded: true };
  resourceList.update(resources);
  drawSoon();
}

function drawSoon() {
  drawTimer ||= setTimeout(() => {
    drawTimer = 0;
    drawRain();
    drawWeather();
  }, drawSpacingMs);
}

function drawRain() {
  rain.update(book, { opened, stoppable: new Set(rains.keys()), asOf: seenAt() });
}

/** When what is shown was so, if it may be so no more: '' when nothing was ever seen; null when it is of now. */
function seenAt() {
  return isStale(link) ? timeOf(link) ?? '' : null;
}

function drawWeather() {
  const { running } = ordered(book);
  setText(byId('weather'), weather(linkState(link), timeOf(link), running.length, running.reduce((sum, record) => sum + byteRate(record), 0), servers));
}

function nameById(id) {
  return calledIn(resources.items.find((resource) => resource.id === id) ?? { id });
}

/** Repeats while the page is seen; a failure waits for the next turn (the banner tells of it). */
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
    'upload-cancel': uploads.cancel,
    'upload-dismiss': uploads.dismiss,
    'upload-pause': uploads.pause,
    'upload-resume': uploads.resume,
    'upload-replace': uploads.replace,
    'load-more': () => loadResources(resources.next === null ? 1 : Math.ceil(resources.items.length / pageSize) + 1),
    search: (text) => {
      query = text;
      return loadResources(1);
    },
    download: async (wanted) => {
      await (wanted.isElsewhere ? whileAsked(wanted.id, () => probe(wanted.id)) : null);
      await download(wanted);
    },
    document: showWithKey,
    rain: rainAgain,
    prefetch,
    propagate,
    delete: remove,
    share,
    copy,
    'server-add': addServer,
    'server-remove': removeServer,
    'node-drain': drainNode,
    'node-drain-stop': stopDrain,
    'transfer-open': openTransfer,
    'transfer-close': (id) => { opened.delete(id); pinned.delete(id); drawSoon(); byId('rain-title').focus(); },
    'transfer-stop': (id) => rains.get(book.records.get(id)?.latest.resource)?.abort(),
  };
  byId('rain-title').tabIndex = -1;
  byId('metrics-link').addEventListener('click', (event) => {
    if (doReadsNeedKey()) {
      event.preventDefault();
      want(event.currentTarget, 'document', { path: 'metrics', title: 'Metrics', fileName: 'metrics.txt' });
    }
  });
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

function takeFiles({ files, folders, id, code, replicas }) {
  if (folders.length > 0) {
    const names = folders.map((name) => `“${isolate(name)}”`).join(', ');
    complain(new Problem({
      title: 'Folders cannot be uploaded',
      detail: `${names} ${folders.length === 1 ? 'is a folder, and nothing in it was taken. Drop the files in it' : 'are folders, and nothing in them was taken. Drop the files in them'} instead.`,
    }));
  }

  const wanted = id.trim() === '' ? null : parseId(id);
  if (id.trim() !== '' && wanted === null) {
    throw new Problem({ title: 'That is no id', detail: `“${id}” is not a number from 0 to 18,446,744,073,709,551,615, decimal or 0x…. Nothing was taken.` });
  }

  if (files.length > 0) {
    const known = uploads.add(files, { id: wanted, code, replicas });
    byId('upload-id').value = '';
    if (known.length > 0) {
      tell('On the list already', known.map((item) => isolate(item.name)).join(', '));
    }
  }
}

/** Whether an id is free is asked of the rain too; that nobody has it is no failure then. */
function sendFile(item, report, signal) {
  const send = () => sendItem(item, report, signal);
  return item.id === null ? send() : whileAsked(item.id, send);
}

function tellOfUpload(item) {
  const name = isolate(item.name);
  if (item.state === 'failed') {
    complain(item.problem, `“${name}” was not uploaded.`);
    return;
  }

  announce(`${name} is uploaded, ${size(item.length)}.`);
  refreshResources().catch(() => {});
}

/** A link's document, by a call that carries the key. */
async function showWithKey({ path, title, fileName }) {
  const response = await call('GET', path);
  const text = await response.text();
  await showDocument(title, fileName.endsWith('.json') ? JSON.stringify(JSON.parse(text), null, 2) : text, fileName);
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

/** Waits for every other node that is known, as long as the gateway does, and tells who has said that it holds it. */
async function propagate({ id }) {
  const name = nameById(id);
  await refreshTables();
  const others = servers.filter((server) => !server.isOwn).length;
  if (others === 0) {
    tell(`There is no other node to send ${name} to`, 'This one alone holds it. Servers of other nodes can be added below the list of servers.');
    return;
  }

  tell(`${name} is being sent to the other nodes`, 'They are asked to fetch and keep it.');
  const answer = await callJson('POST', `resources/${id}/propagate?replicas=${others + 1}`);
  tell(`${name}: ${copiesText(answer.replicas)}`);
}

/** Makes a link with which anybody reads it for a day, also where a key is needed. */
async function share(resource) {
  const body = JSON.stringify({ ...(resource.path ? { path: resource.path } : { id: resource.id }), seconds: 24 * 60 * 60 });
  const made = await callJson('POST', 'links', { headers: { 'Content-Type': 'application/json' }, body });
  await copy(new URL(made.url.slice(1), document.baseURI).href);
}

async function remove(resource) {
  const name = calledIn(resource);
  if (await confirmDelete(name)) {
    try {
      // What was looked at, and not what has come in its place since.
      await call('DELETE', `resources/${resource.id}`, { headers: resource.etag ? { 'If-Match': resource.etag } : {} });
    } catch (problem) {
      await refreshResources();
      throw problem.status !== 412 ? problem : new Problem({ title: `${name} was not deleted`, detail: 'It has been replaced since it was shown here. Look at it again, and delete it then.' });
    }

    announce(`${name} is deleted.`);
    await refreshResources();
    byId('resources').focus();
  }
}

async function addServer({ endpoint }) {
  await call('PUT', `servers/${endpoint}`);
  announce(`${endpoint} is added, until the gateway ends.`);
  await refreshTables();
}

async function removeServer(server) {
  if (await confirmRemoval(server)) {
    await call('DELETE', `servers/${server.endpoint}`);
    announce(`${server.endpoint} is removed.`);
    await refreshTables();
  }
}

async function drainNode(node) {
  const name = nameOfNode(node);
  if (await confirmDrain(name)) {
    await drain(node);
    announce(`${name} gives away what it keeps.`);
    await refreshCluster();
  }
}

async function stopDrain(node) {
  await stopDraining(node);
  announce(`${nameOfNode(node)} is drained no more.`);
  await refreshCluster();
}

function openTransfer(id) {
  pinned.add(id);
  opened.add(id);
  drawRain();
  byId(`transfer-${id}-title`)?.focus();
}

/** On a narrow page the rain is far below. */
function showRain() {
  const top = byId('rain').getBoundingClientRect().top;
  if (top > innerHeight * 0.7) {
    byId('rain').scrollIntoView({ behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' });
  }
}
