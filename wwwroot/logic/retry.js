// When to try again, and how. Pure.

/** What may pass by itself: no connection, or a gateway (or a proxy before it) that is busy or starting. */
const passing = new Set([0, 408, 425, 429, 500, 502, 503, 504]);

/** What a gateway answers when an upload is not, or not there, where the page thinks: to be asked about, not sent again. */
const astray = new Set([404, 409, 410]);

/** An upload that has gone from the gateway so often, or that others took over so often, goes on doing so. */
const astrayMax = 4;

/** How long to wait before attempt n (from 0), in milliseconds: 0.5 s doubled up to 15 s, spread by a random share. */
export function backoff(attempt, random) {
  return Math.min(15000, 500 * 2 ** Math.min(attempt, 10)) * (0.75 + random * 0.5);
}

/** What Retry-After says (RFC 9110 §10.2.3: seconds or a date), in milliseconds; 0 when it says nothing. */
export function retryAfter(field, nowMs) {
  const text = (field ?? '').trim();
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isFinite(wait) ? Math.max(0, wait) : 0;
}

/**
 * What to do after a request of an upload in pieces has failed.
 * @param {object} failure `phase` of the request: 'begin' (it is created), 'ask' (where does it stand), 'send' (a piece); the answer's
 * `status`, 0 for none, and `retryAfterMs`; `failures` before this one since bytes last came through; `strayed`, how often it was
 * astray before in all; `random` from 0 to 1.
 * @returns {{then: 'begin' | 'ask' | 'fail', waitMs: number}}
 */
export function afterFailure({ phase, status, retryAfterMs = 0, failures, strayed, random }) {
  if (astray.has(status) && phase !== 'begin') {
    // A piece that was refused may have been the last one, committed already: so it is asked about first.
    const isGone = phase === 'ask' && status !== 409;
    return strayed >= astrayMax ? { then: 'fail', waitMs: 0 } : { then: isGone ? 'begin' : 'ask', waitMs: Math.max(retryAfterMs, backoff(strayed, random)) };
  }

  if (!passing.has(status)) {
    return { then: 'fail', waitMs: 0 };
  }

  return { then: phase === 'begin' ? 'begin' : 'ask', waitMs: Math.max(retryAfterMs, backoff(failures, random)) };
}
