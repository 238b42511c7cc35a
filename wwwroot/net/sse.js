// A text/event-stream by fetch: unlike EventSource it can carry a bearer key, and its reader can be tested.

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

/** How long to wait before attempt n (from 0), in milliseconds: 0.5 s doubled up to 15 s, spread by a random share. */
export function backoff(attempt, random) {
  return Math.min(15000, 500 * 2 ** Math.min(attempt, 10)) * (0.75 + random * 0.5);
}

/**
 * Follows a stream for ever: reconnects after a break, and polls while there is no stream.
 * @param {object} options `open(signal)` gives a Response; `poll()` is called while the stream is away;
 * `onEvent(event)`, `onState('live' | 'reconnecting' | 'polling')`.
 * @returns {() => void} Stops it.
 */
export function follow({ open, poll, onEvent, onState }) {
  const stop = new AbortController();
  run();
  return () => stop.abort();

  async function run() {
    let failures = 0;
    while (!stop.signal.aborted) {
      try {
        const response = await open(stop.signal);
        if (!response.ok || !(response.headers.get('content-type') ?? '').startsWith('text/event-stream')) {
          throw new Error(`The event stream answered ${response.status}.`);
        }

        // What happened before the stream began, or while it was away.
        await poll();
        onState('live');
        await read(response.body);
        failures = 0;
      } catch {
        // A break is nothing to report: it is shown as a state, and the loop goes on.
      }

      if (stop.signal.aborted) {
        return;
      }

      failures++;
      onState(failures < 3 ? 'reconnecting' : 'polling');
      const resumeAt = performance.now() + backoff(failures - 1, Math.random());
      do {
        if (failures >= 3) {
          await poll().catch(() => onState('reconnecting'));
        }

        await pause(Math.min(2000, Math.max(100, resumeAt - performance.now())), stop.signal);
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
}

function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}
