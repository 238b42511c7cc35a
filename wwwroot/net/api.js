// The gateway's API: calls, problems, the key.

import { retryAfter } from '../logic/retry.js';

/** The status of a problem where a gateway has named another one; a browser does not tell which. */
export const redirected = 307;

const keyName = 'pouring-rain-key';
let keyAsker = async () => undefined;
let askedKey = null;
let declined = false;
let linkListener = () => {};
let readsNeedKey = false;

/** What the gateway said went wrong (RFC 9457), or what the network did. */
export class Problem extends Error {
  constructor({ status = 0, type = '', title, detail = '', sources = [], traceId = null, retryAfterMs = 0 }) {
    super(title);
    this.status = status;
    this.type = type;
    this.title = title;
    this.detail = detail;
    this.sources = Array.isArray(sources) ? sources : [];
    this.traceId = traceId;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Sets who is told, call by call, what the gateway answered: a function of the status, 0 for no answer, and the problem's title. */
export function onLink(listener) {
  linkListener = listener;
}

/** Whether this gateway wants a key for reading too, as far as it has shown. */
export function doReadsNeedKey() {
  return readsNeedKey;
}

/** Learns, for a page that has a key already, whether reading would need it: asks once without. */
export async function learnWhetherReadsNeedKey() {
  const answer = currentKey() === null ? null : await fetch('servers', { method: 'HEAD', cache: 'no-store' }).catch(() => null);
  readsNeedKey ||= answer?.status === 401;
}

/** Sets who is asked for a key when the gateway wants one: a function that gives a key, null to forget the old one, undefined for neither. */
export function onKeyNeeded(asker) {
  keyAsker = asker;
}

/** The key of this tab, or null. */
export function currentKey() {
  return readStorage();
}

/** Keeps a key for this tab; null forgets it. */
export function setKey(key) {
  declined = false;
  try {
    if (key) {
      sessionStorage.setItem(keyName, key);
    } else {
      sessionStorage.removeItem(keyName);
    }
  } catch {
    // Storage may be forbidden; the key is asked for again then.
  }
}

/**
 * A call that gives a Response with a good status, or throws a Problem. Asks for a key once when one is wanted; one made in the
 * background does not ask again once that was declined. `patienceMs` bounds the wait for an answer. With `mayLack` the gateway may
 * be an older one that knows no such path (`lacks`): that is no trouble of its.
 */
export async function call(method, path, { headers = {}, body, signal, cache = 'no-store', background = false, patienceMs = null, mayLack = false } = {}) {
  for (let attempt = 0; ; attempt++) {
    const usedKey = currentKey();
    let response;
    try {
      // Another gateway is nobody that this page may ask.
      response = await fetch(path, { method, headers: { ...headers, ...authorization(usedKey) }, body, signal: within(patienceMs, signal), cache, redirect: 'manual' });
    } catch (error) {
      if (signal?.aborted) {
        throw error;
      }

      linkListener(0, '');
      throw new Problem({ title: 'The gateway cannot be reached', detail: 'No answer came. It may be stopped, or the network between may be down.' });
    }

    if (response.ok) {
      linkListener(response.status, '');
      return response;
    }

    if (response.type === 'opaqueredirect') {
      linkListener(200, '');
      throw new Problem({ status: redirected, title: 'Another node has to be asked', detail: 'The gateway has answered that another one knows of this.' });
    }

    readsNeedKey ||= response.status === 401 && (method === 'GET' || method === 'HEAD');
    if (response.status === 401 && !(background && declined) && attempt === 0 && (await askForKey(usedKey))) {
      continue;
    }

    const problem = await readProblem(response);
    if (background) {
      linkListener(mayLack && lacks(problem) ? 200 : problem.status, problem.title);
    }

    throw problem;
  }
}

/** A signal that also ends a call which takes too long. */
function within(patienceMs, signal) {
  const signals = [signal, patienceMs === null ? null : AbortSignal.timeout(patienceMs)].filter((each) => each);
  return signals.length === 0 ? undefined : AbortSignal.any(signals);
}

/** Whether a gateway has said that it knows no such path; it may have taken it for an id. */
function lacks(problem) {
  return problem.status === 404 || problem.status === 400;
}

/** A call whose answer is JSON (null when it is empty). */
export async function callJson(method, path, options) {
  const response = await call(method, path, { ...options, headers: { Accept: 'application/json', ...options?.headers } });
  const text = await response.text();
  return text === '' ? null : JSON.parse(text);
}

/** A call that sends a value as JSON; its answer is JSON too. */
export function postJson(path, value) {
  return callJson('POST', path, { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(value) });
}

/** Reads JSON in the background; null where the gateway knows no such path, as an older one does not. */
export async function readIfThere(path, patienceMs = null) {
  try {
    return await callJson('GET', path, { background: true, patienceMs, mayLack: true });
  } catch (problem) {
    if (lacks(problem)) {
      return null;
    }

    throw problem;
  }
}

/**
 * Sends a body with progress, which only XMLHttpRequest tells. Asks for a key once when one is wanted.
 * @returns {Promise<{status: number, text: string, header: (name: string) => string | null}>} An answer with a good status; else a
 * Problem is thrown.
 */
export async function sendWithProgress({ method, path, body, headers, onProgress, signal }) {
  for (let attempt = 0; ; attempt++) {
    const usedKey = currentKey();
    const answer = await send(method, path, body, { ...headers, ...authorization(usedKey) }, onProgress, signal);
    if (answer.status >= 200 && answer.status < 300) {
      return answer;
    }

    if (answer.status === 401 && attempt === 0 && (await askForKey(usedKey))) {
      continue;
    }

    throw toProblem(answer.status, answer.type, answer.text, answer.header('retry-after'));
  }
}

/** A Problem out of an answer that is not good. */
async function readProblem(response) {
  return toProblem(response.status, response.headers.get('content-type') ?? '', await response.text().catch(() => ''), response.headers.get('retry-after'));
}

function toProblem(status, type, text, wait) {
  const document = type.includes('json') ? parse(text) : null;
  return new Problem({
    status,
    type: document?.type ?? '',
    title: document?.title || statusWords[status] || `The gateway answered ${status}`,
    detail: document?.detail ?? '',
    sources: document?.sources ?? [],
    traceId: document?.traceId ?? null,
    retryAfterMs: retryAfter(wait, Date.now()),
  });
}

const statusWords = {
  401: 'This needs a key',
  403: 'This key does not allow that',
  404: 'There is no such resource',
  413: 'That is larger than this gateway takes',
  429: 'Too many requests; try again in a moment',
  503: 'The gateway is busy; try again in a moment',
  504: 'The rain did not come in time',
  507: 'The gateway has no room left',
};

function send(method, path, body, headers, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, path);
    for (const [name, value] of Object.entries(headers)) {
      request.setRequestHeader(name, value);
    }

    request.upload.addEventListener('progress', (event) => onProgress(event.loaded));
    request.addEventListener('load', () => resolve({
      status: request.status,
      type: request.getResponseHeader('content-type') ?? '',
      text: request.responseText,
      header: (name) => request.getResponseHeader(name),
    }));
    request.addEventListener('error', () => reject(new Problem({ title: 'The upload broke off', detail: 'The connection to the gateway was lost.' })));
    request.addEventListener('abort', () => reject(new DOMException('cancelled', 'AbortError')));
    signal?.addEventListener('abort', () => request.abort(), { once: true });
    request.send(body);
  });
}

/** One dialog for all calls that need a key at the same time; true when there is another one to try. */
async function askForKey(usedKey) {
  if (currentKey() !== usedKey) {
    return true;
  }

  askedKey ??= keyAsker(usedKey !== null).finally(() => { askedKey = null; });
  const key = await askedKey;
  if (key !== undefined) {
    setKey(key);
  }

  declined = !key;
  return !declined;
}

function authorization(key) {
  return key ? { Authorization: `Bearer ${key}` } : {};
}

function readStorage() {
  try {
    return sessionStorage.getItem(keyName);
  } catch {
    return null;
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
