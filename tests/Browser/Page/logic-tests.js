// The page's state logic, without the page. Runs in the browser; the outcome is left in window.outcome.

import { cellLevels, changedCells, layOut, readBlockMap } from '/logic/blocks.js';
import { ending, explain, isFailure, shares } from '/logic/explain.js';
import { ago, brief, count, duration, percent, rate, size, words } from '/logic/format.js';
import { commands, disposition, merge, missingId, nameOf, parseEndpoint, parseId, search, shellQuote } from '/logic/resources.js';
import { byteRate, createBook, forgetEnded, lossOf, niceCeiling, observe, ordered, peakRate, progress, ratesAt, retain, timeLeft, sourceRate } from '/logic/transfers.js';
import { canPause, change, createQueue, dismiss, enqueue, fingerprint, measure, recall, resumableBytesMin, startable } from '/logic/uploads.js';
import { forget, recallUploads, remember } from '/net/memory.js';
import { backoff, createEventParser } from '/net/sse.js';

const tests = {
  'ids are unsigned 64-bit numbers in decimal or hex'() {
    equal(parseId('0'), '0');
    equal(parseId(' 18446744073709551615 '), '18446744073709551615');
    equal(parseId('0xFF'), '255');
    for (const wrong of ['', '-1', '+1', '1 2', '18446744073709551616', '0x', '0x10000000000000000', '1.5', 'x', '٣']) {
      equal(parseId(wrong), null, wrong);
    }
  },
  'ids beyond 2^53 keep every digit'() {
    equal(parseId('9007199254740993'), '9007199254740993');
  },
  'search finds by every word, by name, type, code, id and hex id'() {
    const all = [resource('255', 'Rain radar.png', 'image/png'), resource('7', null, 'text/plain')];
    equal(ids(search(all, '')), ['255', '7']);
    equal(ids(search(all, 'RADAR png')), ['255']);
    equal(ids(search(all, 'text')), ['7']);
    equal(ids(search(all, '0xff')), ['255']);
    equal(ids(search(all, 'nothing')), []);
    equal(missingId(all, '0x8'), '8');
    equal(missingId(all, '0x7'), null);
    equal(missingId(all, 'radar'), null);
  },
  'pages merge by id, in order of numbers'() {
    const merged = merge([resource('10', 'old', '')], [resource('9', 'a', ''), resource('10', 'new', ''), { id: 'bad' }]);
    equal(merged.map((item) => `${item.id} ${nameOf(item)}`), ['9 a', '10 new']);
  },
  'commands quote what a shell would take apart'() {
    equal(shellQuote('plain-1.iso'), 'plain-1.iso');
    equal(shellQuote("it's $(rm -rf) \n"), "'it'\\''s $(rm -rf) \n'");
    equal(shellQuote('-o evil'), "'./-o evil'");
    equal(shellQuote(''), "''");
    equal(commands({ id: '5', fileName: 'a b' }, 'http://h:1')[0].line, "curl -o 'a b' http://h:1/resources/5");
  },
  'a disposition header is ASCII and cannot be broken out of'() {
    const header = disposition('Über "x"\r\n%.txt');
    truth(/^[\x20-\x7e]+$/.test(header), header);
    equal(header, 'inline; filename="_ber _x____.txt"; filename*=UTF-8\'\'%C3%9Cber%20%22x%22%0D%0A%25.txt');
    truth(disposition('\ud800').startsWith('inline'));
  },
  'endpoints are host and port'() {
    equal(parseEndpoint('rain.example:1980').endpoint, 'rain.example:1980');
    equal(parseEndpoint('[::1]:1').host, '[::1]');
    for (const wrong of ['rain', 'rain:', 'rain:0', 'rain:65536', 'a/b:1', ':1']) {
      equal(parseEndpoint(wrong), null, wrong);
    }
  },
  'sizes, rates and shares are short and true'() {
    equal([size(0), size(999), size(1000), size(999_499), size(999_501), size(1_234_567), size(12.5e9), size(null)], ['0 B', '999 B', '1 kB', '999 kB', '1 MB', '1.23 MB', '12.5 GB', '–']);
    equal(rate(2e6), '2 MB/s');
    equal([percent(0), percent(1), percent(0.00001), percent(0.0123), percent(0.5), percent(0.9996), percent(NaN)], ['0 %', '100 %', '< 0.01 %', '1.2 %', '50 %', '100.0 %', '–']);
    equal([duration(0.34), duration(4.25), duration(250), duration(4100), duration(200_000), duration(7_260_000), duration(null)], ['0.34 ms', '4.3 ms', '250 ms', '4.1 s', '3 min 20 s', '2 h 1 min', '–']);
    equal([brief(850), brief(1200), brief(64_000), brief(3_400_000)], ['850', '1.20k', '64k', '3.40M']);
    equal([count(1234567), words('integrityFailure'), ago('2026-01-01T00:00:00Z', Date.parse('2026-01-01T00:02:05Z')), ago(null, 0)], ['1,234,567', 'integrity failure', '2 min ago', 'never']);
  },
  'a block map is read as runs, and hostile ones do no harm'() {
    equal([...readBlockMap([1, 2, 3, 1], 8, 0)], [0, 1, 1, 0, 0, 0, 1, 0]);
    equal([...readBlockMap([0, 99], 3, 0)], [1, 1, 1]);
    equal([...readBlockMap([-1, 2, 'x', 1], 4, 0)], [1, 1, 1, 0]);
    equal([...readBlockMap(undefined, 3, 2)], [1, 1, 0]);
    equal([...readBlockMap(null, 2, 99)], [1, 1]);
  },
  'every number of blocks fits the field'() {
    for (const blocks of [0, 1, 2, 63, 1000, 10_000, 100_000, 5_000_000]) {
      for (const width of [280, 560, 1280]) {
        const layout = layOut(blocks, width, 300);
        truth(layout.columns * layout.pitch <= width, `${blocks} blocks are too wide`);
        truth(layout.height <= 300, `${blocks} blocks are too tall: ${layout.height}`);
        truth(layout.cells * layout.perCell >= blocks && (layout.cells - 1) * layout.perCell < Math.max(1, blocks), `${blocks} blocks in ${layout.cells} cells`);
      }
    }

    equal(layOut(10_000, 800, 300).perCell, 1);
    truth(layOut(5_000_000, 800, 300).perCell > 1);
  },
  'a shared cell tells how much of it is verified'() {
    const levels = cellLevels(readBlockMap([0, 3, 5], 8, 0), 2, 4);
    equal([...levels], [0.75, 0]);
    equal(changedCells(levels, Float32Array.of(0.75, 0.5)), [1]);
  },
  'rates come from the differences between snapshots'() {
    const book = createBook();
    observe(book, transfer(1, { a: 0, b: 0 }, 'raining', 0), 0);
    observe(book, transfer(1, { a: 100, b: 50 }, 'raining', 1000), 1000);
    observe(book, transfer(1, { a: 300, b: 50 }, 'raining', 2000), 2000);
    const record = book.records.get(1);
    equal([...ratesAt(record, 1000, new Float64Array(2))], [100, 50]);
    equal([...ratesAt(record, 1500, new Float64Array(2))], [150, 25]);
    equal([...ratesAt(record, 2000, new Float64Array(2))], [200, 0]);
    equal([...ratesAt(record, -1, new Float64Array(2))], [0, 0]);
    equal([...ratesAt(record, 9000, new Float64Array(2))], [0, 0]);
    equal(peakRate(record, 0, 2000), 200);
  },
  'events that come bunched up are no cloudburst'() {
    const book = createBook();
    for (const [elapsed, now] of [[0, 10], [250, 260], [500, 1300], [750, 1301], [1000, 1302], [1250, 1303]]) {
      observe(book, transfer(1, { a: elapsed }, 'raining', elapsed), now);
    }

    equal(book.records.get(1).samples.map((sample) => sample.total), [0, 1000, 1000, 1000, 1000, 1000]);
  },
  'a transfer that pauses has no rate'() {
    const book = createBook();
    observe(book, transfer(1, { a: 0 }, 'raining', 0), 0);
    observe(book, transfer(1, { a: 100 }, 'raining', 1000), 1000);
    observe(book, transfer(1, { a: 100 }, 'raining', 1000), 4000);
    equal([...ratesAt(book.records.get(1), 4000, new Float64Array(1))], [0]);
  },
  'a server that joins late gets its own band'() {
    const book = createBook();
    observe(book, transfer(1, { a: 0 }, 'raining', 0), 0);
    observe(book, transfer(1, { b: 0, a: 10 }, 'raining', 1000), 1000);
    observe(book, transfer(1, { b: 7, a: 20 }, 'raining', 2000), 2000);
    equal(book.records.get(1).endpoints, ['a', 'b']);
    equal([...ratesAt(book.records.get(1), 2000, new Float64Array(2))], [10, 7]);
  },
  'snapshots that follow closely are one sample'() {
    const book = createBook();
    for (let now = 0; now < 1000; now += 10) {
      observe(book, transfer(1, { a: now }, 'raining', now), now);
    }

    const { samples } = book.records.get(1);
    truth(samples.length >= 4 && samples.length <= 6, `${samples.length} samples`);
  },
  'history is bounded, and so is the number of transfers'() {
    const book = createBook();
    for (let now = 0; now < 1_000_000; now += 200) {
      observe(book, transfer(1, { a: now }, 'raining', now), now);
    }

    const { samples } = book.records.get(1);
    truth(samples.length > 500 && samples.length <= 1200, `${samples.length} samples`);
    for (let id = 2; id < 500; id++) {
      observe(book, transfer(id, {}, 'completed'), 0);
    }

    truth(book.records.size <= 200);
    truth(book.records.has(1), 'a running transfer is not forgotten');
  },
  'the end of a transfer is told once, and a late answer does not undo it'() {
    const book = createBook();
    equal(observe(book, transfer(1, {}), 0).hasEnded, false);
    equal(observe(book, transfer(1, {}, 'stalled'), 1).hasEnded, true);
    equal(observe(book, transfer(1, {}, 'stalled'), 2).hasEnded, false);
    equal(observe(book, transfer(1, {}), 3).hasEnded, false);
    equal(book.records.get(1).latest.state, 'stalled');
  },
  'a gateway that was started again counts anew'() {
    const book = createBook();
    observe(book, transfer(1, {}, 'completed'), 0);
    forgetEnded(book);
    equal(observe(book, transfer(1, {}), 1).isNew, true);
    retain(book, new Set());
    equal(book.records.size, 0);
  },
  'what is no transfer is not taken'() {
    const book = createBook();
    for (const wrong of [null, {}, { id: 'x', state: 'raining' }, { id: 1 }]) {
      equal(observe(book, wrong, 0), null);
    }
  },
  'running ones stand first, the oldest on top'() {
    const book = createBook();
    observe(book, transfer(3, {}), 0);
    observe(book, transfer(1, {}, 'completed'), 0);
    observe(book, transfer(2, {}), 0);
    observe(book, transfer(4, {}, 'stalled'), 0);
    const { running, ended } = ordered(book);
    equal([running.map((record) => record.id), ended.map((record) => record.id)], [[2, 3], [4, 1]]);
  },
  'speed, progress, loss and time left'() {
    const book = createBook();
    observe(book, { ...transfer(1, { a: 0 }, 'raining', 0), length: 10_000, blocks: 10, decodedBlocks: 0 }, 0);
    observe(book, { ...transfer(1, { a: 3 }, 'raining', 1000), length: 10_000, receivedBytes: 4000, blocks: 10, decodedBlocks: 4 }, 1000);
    const record = book.records.get(1);
    equal([byteRate(record), progress(record.latest), timeLeft(record)], [3000, 0.4, 2000]);
    equal(lossOf({ sources: [{ droplets: 90, lost: 10 }, { droplets: 100, lost: 0 }] }), 0.05);
    equal(lossOf({ sources: [] }), 0);
    equal([niceCeiling(0), niceCeiling(7), niceCeiling(20), niceCeiling(21), niceCeiling(1e6)], [10, 10, 20, 50, 1e6]);
  },
  'an ended transfer is explained in sentences'() {
    const ended = { ...transfer(1, { a: 990, b: 10 }, 'completed'), receivedBytes: 2e6, length: 2e6, elapsedMs: 2000, symbolsNeeded: 980, dropletsReceived: 1000, verdict: 'Loss bounded it.' };
    ended.sources[1].lost = 10;
    const said = Object.fromEntries(explain(ended).map(({ term, text }) => [term, text]));
    equal(said['How fast'], '2 MB in 2.0 s, 1 MB/s on the whole.');
    equal(said['What set the pace'], 'Loss bounded it.');
    equal(said['Who rained'], '2 servers, 1,000 droplets: a 99 %, b 1.0 %.');
    equal(said.Overhead, '980 symbols were the least that could do; 1,000 droplets came: 2.0 % more.');
    equal(said.Loss, '0.99 % of the droplets did not arrive; other droplets took their place. Most on the way from b: 50 %.');
    equal(shares(ended).map((item) => item.share), [0.99, 0.01]);
    equal([isFailure(ended), isFailure({ state: 'stalled' }), isFailure({ state: 'raining' })], [false, true, false]);
    truth(ending({ state: 'integrityFailure' }).includes('digests'));
  },
  'an event stream is read whatever its pieces'() {
    const text = ': hello\r\nevent: transfer\r\ndata: {"a":\r\ndata: 1}\r\nid: 7\r\n\r\ndata:x\n\n\nevent: none\n\ndata: \r\rdata: cut';
    const whole = parse([text]);
    equal(whole, [['transfer', '{"a":\n1}', '7'], ['message', 'x', '7'], ['message', '', '7']]);
    for (let cut = 0; cut <= text.length; cut++) {
      equal(parse([text.slice(0, cut), text.slice(cut)]), whole, `cut at ${cut}`);
    }

    equal(parse([...text]), whole, 'letter by letter');
  },
  'the rate of a source is what came of it of late, and the gateway\'s word when that is not known'() {
    const source = { endpoint: 'b', droplets: 100, bytes: 144_800, rateBytesPerSecond: 5 };
    const samples = [{ t: 0, rates: [9, 9] }, { t: 100, rates: [1, 1000] }, { t: 2300, rates: [1, 20] }, { t: 2500, rates: [1, 40] }];
    equal(sourceRate({ latest: { state: 'raining' }, samples, endpoints: ['a', 'b'] }, source), 30 * 1448);
    equal(sourceRate({ latest: { state: 'completed' }, samples, endpoints: ['a', 'b'] }, source), 5);
    equal(sourceRate({ latest: { state: 'raining' }, samples: [], endpoints: [] }, source), 5);
  },
  'reconnection waits longer each time, up to a bound'() {
    truth(backoff(0, 0.5) === 500 && backoff(1, 0.5) === 1000 && backoff(50, 1) <= 18_750);
  },
  'uploads queue, two at a time, and what is over stays over'() {
    let queue = enqueue(createQueue(), [{ name: 'a', size: 1 }, { name: 'b', size: 2 }, { name: 'c', size: 3 }], { id: '9', code: '', replicas: '' });
    equal(queue.items.map((item) => item.id), ['9', null, null]);
    equal(startable(queue).map((item) => item.name), ['a', 'b']);
    queue = change(queue, 1, { state: 'sending' });
    equal(startable(queue).map((item) => item.name), ['b']);
    queue = change(change(queue, 2, { state: 'sending' }), 1, { state: 'cancelled' });
    equal(startable(queue).map((item) => item.name), ['c']);
    equal(change(queue, 1, { state: 'done' }).items[0].state, 'cancelled');
    equal(dismiss(queue, 1).items.length, 2);
    equal(enqueue(dismiss(queue, 3), [{ name: 'd', size: 0 }], {}).items.at(-1).key, 4);
  },
  'an upload that was begun goes on when its file is chosen again, and only then'() {
    const file = { name: 'big.iso', size: resumableBytesMin, lastModified: 7 };
    const memory = { [fingerprint(file)]: { location: 'uploads/t', id: '5', name: 'big.iso', length: file.size, sent: 1000, atMs: 1 } };
    const recalled = recall(createQueue(), memory);
    equal(recalled.items.map((item) => `${item.state} ${item.name} ${item.sent}`), ['remembered big.iso 1000']);
    equal(startable(recalled), []);

    const again = enqueue(recalled, [file], { id: null }, memory);
    equal(again.items.map((item) => `${item.state} ${item.location} ${item.id} ${item.sent} ${item.canResume}`), ['waiting uploads/t 5 1000 true']);
    equal(enqueue(recalled, [{ ...file, lastModified: 8 }], { id: null }, memory).items.map((item) => item.location), ['uploads/t', null]);
    equal(enqueue(recalled, [file], { id: '6' }, memory).items.map((item) => `${item.location} ${item.id}`), ['uploads/t 5', 'null 6']);
    equal(enqueue(recalled, [file], { id: '5' }, memory).items.length, 1);
  },
  'a big upload can be paused while it is sent, a small one cannot'() {
    const queue = enqueue(createQueue(), [{ name: 'a', size: resumableBytesMin }, { name: 'b', size: resumableBytesMin - 1 }], { id: null });
    equal(queue.items.map((item) => canPause({ ...item, state: 'sending' })), [true, false]);
    equal(queue.items.map(canPause), [false, false]);
    const halted = change(change(queue, 1, { state: 'paused' }), 2, { state: 'sending' });
    equal(startable(change(halted, 1, { state: 'waiting' })).map((item) => item.name), ['a']);
    equal(startable(halted), []);
  },
  'what is remembered of uploads survives bad storage and expires'() {
    const kept = localStorage.getItem('pouring-rain-uploads');
    try {
      for (const bad of ['', '{', '[]', 'null', '7', '{"x": 1, "y": {"location": 5}}']) {
        localStorage.setItem('pouring-rain-uploads', bad);
        equal(recallUploads(0), {}, bad);
      }

      localStorage.clear();
      const upload = { location: 'uploads/t', id: null, name: 'n', length: 9, sent: 3, atMs: 1000 };
      remember('f', upload);
      remember('g', { ...upload, sent: 4 });
      forget('g');
      equal(recallUploads(2000), { f: upload });
      equal(recallUploads(1000 + 24 * 3600 * 1000), {});
    } finally {
      localStorage.clear();
      if (kept !== null) {
        localStorage.setItem('pouring-rain-uploads', kept);
      }
    }
  },
  'the speed of an upload is smoothed, and begins anew after a step back'() {
    let measured = measure(null, 0, 0);
    equal(measured.speed, null);
    measured = measure(measured, 1_000_000, 1000);
    equal(measured.speed, 1e6);
    measured = measure(measured, 1_000_000, 2000);
    truth(measured.speed > 0.6e6 && measured.speed < 0.8e6, `${measured.speed}`);
    equal(measure(measured, 500_000, 3000).speed, null);
    equal(measure(measured, 1_100_000, 2100), measured, 'too soon to tell');
  },
};

const failures = [];
for (const [name, test] of Object.entries(tests)) {
  try {
    test();
  } catch (error) {
    failures.push(`${name}: ${error.message}`);
  }
}

window.outcome = JSON.stringify({ count: Object.keys(tests).length, failures });

function resource(id, fileName, contentType) {
  return { id, fileName, contentType, code: 'lt' };
}

function transfer(id, droplets, state = 'raining', elapsedMs = 0) {
  const sources = Object.entries(droplets).map(([endpoint, came]) => ({ endpoint, droplets: came, bytes: came * 1000, lost: 0, rttMs: 1, rateBytesPerSecond: 0 }));
  return { id: String(id), resource: '1', state, length: null, receivedBytes: 0, decodedBlocks: 0, blocks: 0, symbolsNeeded: 0, dropletsReceived: 0, overhead: 0, elapsedMs, verdict: '', sources };
}

function ids(list) {
  return list.map((item) => item.id);
}

function parse(pieces) {
  const events = [];
  const take = createEventParser((event) => events.push([event.type, event.data, event.id]));
  pieces.forEach(take);
  return events;
}

function equal(actual, expected, hint = '') {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) {
    throw new Error(`${hint} expected ${JSON.stringify(expected)}, was ${JSON.stringify(actual)}`);
  }
}

function truth(value, hint = 'that is not so') {
  if (!value) {
    throw new Error(hint);
  }
}
