// A text/event-stream by fetch: unlike EventSource it can carry a bearer key, and its reader can be tested.

import { backoff } from '../logic/retry.js';

/**
 * Splits an event stream (WHATWG HTML §9.2) that comes in pieces of any size.
 * @param {(event: {type: string, data: string, id: string}) => void} onEvent
 * @returns {(text: string) => void} Takes the next piece.
 */
export function createEventParser(onEvent) {
  let rest = '';
  let type = '';
  let data = [];
  let id = '';
  return (text) => {
    rest += text;
    let from = 0;
    for (;;) {
      const found = findLineEnd(rest, from);
      if (found === null) {
        break;
      }

      line(rest.slice(from, found.end));
      from = found.next;
    }

    rest = rest.slice(from);
  };

  function line(content) {
    if (content === '') {
      if (data.length > 0) {
        onEvent({ type: type || 'message', data: data.join('\n'), id });
      }

      type = '';
      data = [];
      return;
    }

    const colon = content.indexOf(':');
    const field = colon < 0 ? content : content.slice(0, colon);
    const value = colon < 0 ? '' : content.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') {
      type = value;
    } else if (field === 'data') {
      data.push(value);
    } else if (field === 'id' && !value.includes('\0')) {
      id = value;
    }
  }
}

function findLineEnd(text, from) {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\n') {
      return { end: at, next: at + 1 };
    }

    if (text[at] === '\r') {
      if (at + 1 === text.length) {
        // A line feed may still belong to it.
        return null;
      }

      return { end: at, next: text[at + 1] === '\n' ? at + 2 : at + 1 };
    }
  }

  return null;
}

/**
 * Follows a stream for ever: reconnects after a break, and polls while there is no stream.
 * @param {object} options `open(signal)` gives a Response; `poll()` is called before the stream is read, and while it is away;
 * `onEvent(event)`, `onState('live' | 'reconnecting' | 'polling')`.
 * @returns {{stop: () => void, hurry: () => void}} `hurry` ends a wait: the gateway is known to answer again.
 */
export function follow({ open, poll, onEvent, onState }) {
  const stop = new AbortController();
  let resumeAt = 0;
  let wake = () => {};
  run();
  return {
    stop: () => stop.abort(),
    hurry() {
      resumeAt = 0;
      wake();
    },
  };

  async function run() {
    for (let failures = 0; !stop.signal.aborted; failures++) {
      try {
        const response = await open(stop.signal);
        if (!response.ok || !(response.headers.get('content-type') ?? '').startsWith('text/event-stream')) {
          throw new Error(`The event stream answered ${response.status}.`);
        }

        // What happened before the stream began, or while it was away.
        await poll();
        onState('live');
        failures = 0;
        await read(response.body);
      } catch {
        // A break is nothing to report: it is shown as a state, and the loop goes on.
      }

      if (stop.signal.aborted) {
        return;
      }

      onState(failures < 2 ? 'reconnecting' : 'polling');
      resumeAt = performance.now() + backoff(failures, Math.random());
      do {
        await poll().catch(() => {});
        await pause(Math.min(2000, Math.max(100, resumeAt - performance.now())));
      } while (performance.now() < resumeAt && !stop.signal.aborted);
    }
  }

  async function read(body) {
    const parse = createEventParser(onEvent);
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        return;
      }

      parse(value);
    }
  }

  function pause(milliseconds) {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      wake = done;
      stop.signal.addEventListener('abort', done, { once: true });
    });
  }
}
