// What is known of the link to the gateway, and what is to be said of it. Pure: time is given.

/** Nothing is known yet. */
export function createLink() {
  return { stream: 'connecting', status: null, title: '', heardAtMs: null };
}

/**
 * Takes in what a call met.
 * @param {number} status The answer's; 0 when none came.
 * @param {string} title What the gateway called the problem, if there was one.
 */
export function heard(link, status, title, nowMs) {
  return { ...link, status, title, heardAtMs: status > 0 && status < 400 ? nowMs : link.heardAtMs };
}

/** Takes in how the event stream stands: 'live', 'reconnecting' or 'polling'. */
export function streamed(link, stream, nowMs) {
  return stream === 'live' ? { ...heard(link, 200, '', nowMs), stream } : { ...link, stream };
}

/** What it comes to: `connecting`, `live`, `reconnecting`, `polling`, or `gone` (no answer), `locked` (no key), `ailing` (errors). */
export function linkState({ stream, status }) {
  if (status === 0) {
    return 'gone';
  }

  if (status === 401) {
    return 'locked';
  }

  return status >= 400 ? 'ailing' : stream;
}

/** Whether what the page shows may be so no more. */
export function isStale(link) {
  return ['gone', 'locked', 'ailing'].includes(linkState(link));
}

/** The word for the state. */
export function linkWord(link) {
  const words = { connecting: 'Connecting', live: 'Live', reconnecting: 'Reconnecting', polling: 'Polling', gone: 'No answer', locked: 'No key', ailing: 'In trouble' };
  return words[linkState(link)];
}

/**
 * What to say where everybody sees it, or null when all is well.
 * @param {string | null} since The time of the last good answer, in words.
 */
export function linkWarning(link, since) {
  const shown = since === null ? 'Nothing has been heard of it yet.' : `What is shown is as of ${since}.`;
  switch (linkState(link)) {
    case 'gone': return { title: 'The gateway does not answer', detail: `It may be stopped, or the network between may be down. ${shown} The page goes on asking.`, asksKey: false };
    case 'locked': return { title: 'This gateway shows nothing without a key', detail: since === null ? 'With the right key the page fills up.' : shown, asksKey: true };
    case 'ailing': return { title: 'The gateway answers with an error', detail: `${link.title}. ${shown} The page goes on asking.`, asksKey: false };
    default: return null;
  }
}
