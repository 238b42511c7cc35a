// The page's state logic, without the page. Runs in the browser; the outcome is left in window.outcome.

import { cellLevels, changedCells, layOut, readBlockMap } from '/logic/blocks.js';
import { aloneText, canDrain, canTellOfDrains, clusterNote, copiesWanted, drainText, etcdText, failuresOf, fillOf, isAlone, nameOfNode, objectStoreText, orderedNodes, pageOf, rateOf, repairText, scrubText, stateText, survivesText } from '/logic/cluster.js';
import { copiesText, ending, explain, isFailure, shares, weather } from '/logic/explain.js';
import { ago, brief, count, duration, percent, rate, size, words } from '/logic/format.js';
import { createLink, heard, isStale, linkState, linkWarning, linkWord, streamed } from '/logic/link.js';
import { addressOf, between, crumbsOf, encodePath, folderNamed, folderOf, nameIn, nameWithin, ordered as orderRows, pictureOf, previewOf, rowOfItem, rowOfResource } from '/logic/files.js';
import { commands, disposition, missingId, parseEndpoint, parseId, search, shellQuote } from '/logic/resources.js';
import { afterFailure, backoff, retryAfter } from '/logic/retry.js';
import { companyText, heldShare, isInCompany, namings, roleName } from '/logic/swarm.js';
import { byteRate, createBook, forgetEnded, isSearch, lossOf, nameOfTransfer, niceCeiling, observe, ordered, peakRate, progress, ratesAt, retain, timeLeft, sourceRate } from '/logic/transfers.js';
import { isolate, plain, visible } from '/logic/text.js';
import { canPause, createQueue, dismiss, enqueue, fingerprint, isOver, measure, nextToStart, recall, shownOf, step, stepAll, summary } from '/logic/uploads.js';
import { forget, recallUploads, remember } from '/net/memory.js';
import { createEventParser } from '/net/sse.js';
import { createUploader } from '/net/uploader.js';

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
  'search finds by every word, by name, type, id and hex id'() {
    const all = [row('255', 'Rain radar.png', 'image/png'), row('7', null, 'text/plain')];
    equal(ids(search(all, '')), ['255', '7']);
    equal(ids(search(all, 'RADAR png')), ['255']);
    equal(ids(search(all, 'text')), ['7']);
    equal(ids(search(all, '0xff')), ['255']);
    equal(ids(search(all, 'nothing')), []);
    equal(missingId(all, '0x8'), '8');
    equal(missingId(all, '0x7'), null);
    equal(missingId(all, 'radar'), null);
  },
  'what is found by its name comes first'() {
    const rows = [row('1', 'a.png', 'image/png'), row('2', 'png notes.txt', 'text/plain'), row('3', 'b.txt', 'text/plain', 'old png/b.txt')];
    equal(ids(search(rows, 'png')), ['1', '2', '3']);
    equal(ids(search([row('4', 'b', 'image/png'), ...rows], 'png')), ['1', '2', '3', '4']);
  },
  'a row is what is listed, of a file without a name by its id'() {
    equal([rowOfResource({ id: '5', fileName: null, length: 1 }).name, rowOfResource({ id: '5', path: 'a/b c.txt', fileName: 'x' }).name], ['Resource 5', 'b c.txt']);
    const folder = rowOfItem({ kind: 'folder', name: 'a', path: 'x/a/' });
    equal([folder.kind, folder.key, previewOf(folder), pictureOf(folder)], ['folder', 'folder x/a/', null, 'folder']);
    equal(['image/png', 'video/mp4', 'audio/ogg', 'text/plain; charset=utf-8', 'application/json', 'application/pdf', 'application/zip', ''].map((type) => previewOf(row('1', 'a', type))), ['image', 'video', 'audio', 'text', 'text', 'pdf', null, null]);
    equal(pictureOf(row('1', 'a', 'application/gzip')), 'package');
  },
  'a folder is ordered as it is asked, folders first and by their names'() {
    const rows = [row('1', 'b', 'x/x'), { kind: 'folder', name: 'z', path: 'z/' }, row('2', 'A', 'a/a'), { kind: 'folder', name: 'y', path: 'y/' }];
    rows[0].length = 2;
    const names = (sort) => orderRows(rows, sort).map((one) => one.name).join('');
    equal([names({ by: 'name' }), names({ by: 'name', isDescending: true }), names({ by: 'length', isDescending: true }), names({ by: 'type' })], ['yzAb', 'zybA', 'yzbA', 'yzAb']);
  },
  'paths are taken apart and put into addresses'() {
    equal([folderOf('a/b/c'), folderOf('a/b/'), folderOf('c'), nameIn('a/b/'), nameIn('c')], ['a/b/', 'a/', '', 'b', 'c']);
    equal(['a/b/c.tar.gz', 'c.txt', 'a.b/c', '.hidden', ''].map(nameWithin), [[4, 9], [0, 1], [4, 5], [0, 7], [0, 0]]);
    equal(crumbsOf('a/b/').map((crumb) => `${crumb.name}=${crumb.path}`), ['All folders=', 'a=a/', 'b=a/b/']);
    equal([folderNamed(' /a//b '), folderNamed('/'), folderNamed('')], ['a/b/', '', '']);
    equal([encodePath('a b/ü?#.txt'), addressOf({ path: 'a/b', id: '1' }), addressOf({ path: null, id: '1' })], ['a%20b/%C3%BC%3F%23.txt', 'files/a/b', 'resources/1']);
    equal(commands({ id: '5', path: "it's/a b.txt" }, 'http://h:1')[0].line, "curl -o 'a b.txt' 'http://h:1/files/it'\\''s/a%20b.txt'");
  },
  'the page of a node is where its gateway says, if a browser may go there'() {
    equal(pageOf({ url: 'http://h:1/' }, 'cluster'), 'http://h:1/#/cluster');
    equal(pageOf({ url: 'https://h/rain/' }, 'files'), 'https://h/rain/#/files');
    equal([pageOf({ url: 'javascript:alert(1)' }, 'files'), pageOf({ url: null }, 'files'), pageOf(undefined, 'files')], [null, null, null]);
  },
  'a range is from the one chosen before to the one chosen now, either way'() {
    const rows = ['a', 'b', 'c', 'd'].map((key) => ({ key }));
    equal([between(rows, 'b', 'd'), between(rows, 'd', 'b'), between(rows, 'gone', 'c')].map((some) => some.map((one) => one.key).join('')), ['bcd', 'bcd', 'c']);
  },
  'what has failed or was cancelled can be tried again, and the list tells how it stands'() {
    const failed = step(step(listOf('a', 'b', 'c'), 1, 'started', { run: 1 }), 1, 'failed', { run: 1, problem: {} });
    const again = step(failed, 1, 'retry');
    equal([failed.items[0].state, again.items[0].state, again.items[0].problem], ['failed', 'waiting', null]);
    equal(step(step(failed, 2, 'cancel'), 2, 'retry').items[1].state, 'waiting');
    const paused = step(failed, 3, 'pause');
    equal(summary(paused), { open: 2, over: 1, failed: 1, again: 1, asking: 0, pausable: 1, paused: 1, cancellable: 2, share: 0 });
    equal(dismiss(paused).items.length, 2);
  },
  'of a search nothing is known, and it is none once something is'() {
    equal([{}, { length: null, receivedBytes: 0 }, { length: 0 }, { length: 5, receivedBytes: 0 }, { length: null, receivedBytes: 1 }].map(isSearch), [true, true, false, false, false]);
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
  'a neighbour that comes takes the place of one that has made way'() {
    const book = createBook();
    observe(book, transfer(1, { a: 0, b: 0 }, 'raining', 0), 0);
    observe(book, transfer(1, { a: 10, b: 500 }, 'raining', 1000), 1000);
    observe(book, { ...transfer(1, { a: 20, c: 40 }, 'raining', 2000), replaced: { neighbours: 1, droplets: 500, bytes: 500_000, lost: 0 } }, 2000);
    const record = book.records.get(1);
    equal(record.endpoints, ['a', 'c']);
    equal(record.samples.at(-1).rates, [10, 40]);
    equal(record.samples.map((sample) => sample.wireBytes), [0, 510_000, 560_000]);
    observe(book, { ...transfer(1, { a: 20, c: 40, d: 1 }, 'raining', 3000) }, 3000);
    equal(record.endpoints, ['a', 'c', 'd']);
    equal(lossOf({ sources: [{ droplets: 80, lost: 10 }], replaced: { droplets: 10, lost: 0 } }), 0.1);
  },
  'who is there in a swarm is told in a line'() {
    const alone = { ...transfer(1, { a: 1 }), peersKnown: 0, givenBytes: 0 };
    equal([isInCompany(alone), companyText(alone)], [false, '']);
    const source = (role, named, heldBlocks) => ({ endpoint: 'a:1', droplets: 1, lost: 0, role, named, heldBlocks });
    const swarm = { ...transfer(1, {}), blocks: 100, peersKnown: 1000, givenBytes: 3_000_000, replaced: { neighbours: 2 } };
    swarm.sources = [source('seeder', false, 100), ...Array.from({ length: 9 }, () => source('bothWays', true, 25)), source('peer', true, 0), source('seeder', true, 100), source(null, true, null)];
    equal(companyText(swarm), '12 neighbours of 1,000 known\u00a0· 2 seeders, 9 give and take, 1 only gives\u00a0· 2 made way for others\u00a0· 3 MB given');
    equal(swarm.sources.slice(-4).map((one) => [roleName(one), heldShare(swarm, one)]), [['both ways', 0.25], ['gives', 0], ['seeder', 1], ['–', null]]);
    equal(companyText({ ...alone, peersKnown: 1 }), '0 neighbours of 1 known\u00a0· 0 B given');
    equal(namings(['10.0.0.1:5', '10.0.1.2:5']).slice(1), [['10.0.0.1', '10.0.1.2'], ['0.1', '1.2']]);
    equal(namings(['10.0.0.1:5', '[::1]:5']).slice(1), [['10.0.0.1', '[::1]'], ['10.0.0.1', '[::1]']]);
    equal(namings(['a:1', 'a:2']), [['a:1', 'a:2'], ['a:1', 'a:2'], ['1', '2']]);
    equal(namings(['a:1']), [['a:1'], ['a'], ['a']]);
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
  'of servers that answered differently each answer is told'() {
    const asked = (...states) => ({ sources: states.map((state, index) => ({ endpoint: `s${index}`, state })), state: 'unanswered' });
    equal(ending({ ...asked('notFound', 'notFound'), state: 'notFound' }), 'Every server that was asked said that it has no such resource.');
    equal(ending({ ...asked('silent', 'asked') }), 'No server answered in time.');
    equal(ending(asked('notFound', 'silent', 'busy', 'busy')), 'Of 4 servers asked 1 had no such resource, 1 did not answer, 2 were busy.');
    equal(ending({ state: 'notFound', sources: [] }), 'It is not kept here, and there is no other server to ask.');
    equal(explain({ ...asked('silent', 'silent'), receivedBytes: 0, elapsedMs: 0 }).find((item) => item.term === 'Who was asked').text, 's0, s1.');
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
  'an upload goes through its states, and an event that does not fit changes nothing'() {
    const steps = (...events) => events.reduce((queue, [event, details]) => step(queue, 1, event, details), listOf('a'));
    const states = (...events) => steps(...events).items[0].state;
    const started = ['started', { run: 1 }];
    const located = ['located', { run: 1, location: 'uploads/t' }];
    equal(states(started), 'sending');
    equal(states(started, ['progress', { run: 1, sent: 9, speed: 1 }]), 'sending');
    equal(states(started, ['progress', { run: 1, sent: 10, speed: 1 }]), 'finishing');
    equal(states(started, ['broke', { run: 1, problem: {}, nextAtMs: 5 }], ['progress', { run: 1, sent: 1 }]), 'sending');
    equal(states(started, ['finished', { run: 1, result: {} }]), 'done');
    equal(states(started, ['failed', { run: 1, problem: {} }], ['resume']), 'failed');
    equal(states(started, ['pause']), 'paused');
    equal(states(started, ['pause'], ['resume']), 'waiting');
    equal(states(['pause']), 'paused', 'what waits can be halted too');
    equal(states(['cancel']), 'cancelled');
    equal(states(started, ['cancel']), 'cancelling');
    equal(states(started, located, ['pause'], ['cancel']), 'cancelling');
    equal(states(started, ['pause'], ['cancel']), 'cancelled');
    equal(states(started, ['cancel'], ['cancelled']), 'cancelled');
    equal(states(started, ['cancel'], ['pause']), 'cancelling');
    const late = steps(started, ['cancel'], ['finished', { result: { id: '7' } }]).items[0];
    equal([late.state, late.wasLate], ['done', true]);
    const asked = steps(started, ['occupied', { run: 1, occupant: { etag: '"v"' } }]);
    equal([asked.items[0].state, step(asked, 1, 'replace').items[0].replaces], ['asking', '"v"']);
    equal(step(asked, 1, 'cancel').items[0].state, 'cancelled');
    truth(isOver(steps(['cancel']).items[0]) && !isOver(steps(started, ['cancel']).items[0]));
  },
  'what an earlier run still tells is nobody\'s'() {
    let queue = step(step(step(listOf('a'), 1, 'started', { run: 1 }), 1, 'pause'), 1, 'resume');
    queue = step(queue, 1, 'started', { run: 2 });
    for (const [event, details] of [['finished', { result: {} }], ['failed', { problem: {} }], ['progress', { sent: 9 }], ['located', { location: 'x' }]]) {
      equal(step(queue, 1, event, { ...details, run: 1 }).items[0], queue.items[0], event);
    }
  },
  'two go at a time, and one that is being cancelled, asks or waits for its file keeps no place'() {
    let queue = listOf('a', 'b', 'c', 'd');
    equal(nextToStart(queue).name, 'a');
    queue = step(step(queue, 1, 'started', { run: 1 }), 2, 'started', { run: 2 });
    equal(nextToStart(queue), null);
    queue = step(queue, 1, 'occupied', { run: 1, occupant: {} });
    equal(nextToStart(queue).name, 'c');
    queue = step(queue, 3, 'started', { run: 3 });
    queue = step(queue, 2, 'cancel');
    equal(nextToStart(queue).name, 'd');
    equal(dismiss(queue, 3).items.length, 4, 'what is under way is not taken off the list');
    equal(dismiss(step(queue, 2, 'cancelled'), 2).items.length, 3);
    equal(canPause(queue.items[2]), true);
  },
  'one that is on the list already is not added twice'() {
    const [file] = filesOf('a');
    const first = enqueue(createQueue(), [file, file], {});
    equal([first.queue.items.length, first.known.length], [1, 1]);
    const sending = step(first.queue, 1, 'started', { run: 1 });
    equal(enqueue(sending, [file], {}).queue.items.length, 1);
    equal(enqueue(sending, [file], { id: '5' }).queue.items.length, 2);
    equal(enqueue(sending, [{ ...file, file: { ...file.file, lastModified: 2 } }], {}).queue.items.length, 2);
    equal(enqueue(step(sending, 1, 'pause'), [file], {}).queue.items.map((item) => item.state), ['waiting']);
    equal(enqueue(step(sending, 1, 'finished', { run: 1, result: {} }), [file], {}).queue.items.length, 2);
  },
  'thousands are put on a list of thousands without going through it for each'() {
    let reads = 0;
    const names = (from) => Array.from({ length: 5000 }, (_, at) => `f${from + at}`);
    const counted = (items) => items.map((item) => ({ ...item, get fingerprint() { reads++; return fingerprint(item.file); } }));
    const queue = { next: 5001, items: counted(listOf(...names(0)).items) };
    const { queue: next, known } = enqueue(queue, filesOf(...names(2500)), {});
    equal([next.items.length, next.items.at(-1).key, known.length, known[0].name], [7500, 7500, 2500, 'f2500']);
    truth(reads <= 10_000, `${reads} looks at what is on the list`);
    equal(step(next, 9000, 'pause'), next, 'what is not on the list changes nothing');
    truth(step(next, 7, 'pause').items.every((item, at) => (item === next.items[at]) === (item.key !== 7)), 'one changes alone');
    equal(stepAll(next, 'pause', (item) => item.key > 7000).items.filter((item) => item.state === 'paused').length, 500);
  },
  'of a long list that is shown which goes on, needs somebody, comes next or ended last'() {
    const long = listOf(...Array.from({ length: 1000 }, (_, at) => `f${at + 1}`));
    equal(shownOf(long).map((item) => item.key), Array.from({ length: 100 }, (_, at) => at + 1));
    const started = stepAll(long, 'started', (item) => item.key <= 300);
    const states = { ...started, items: started.items.map((item) => (item.key <= 290 ? { ...item, state: item.key === 5 ? 'failed' : 'done' } : item)) };
    const keys = shownOf(states).map((item) => item.key);
    equal([keys.length, keys.slice(0, 5), keys.at(-1)], [100, [5, 289, 290, 291, 292], 387]);
    const over = shownOf({ ...states, items: states.items.map((item) => ({ ...item, state: 'done' })) });
    equal([over.length, over[0].key], [100, 901], 'once all have ended the last of them');
    const short = listOf('a', 'b');
    truth(shownOf(short) === short.items, 'a short one is shown as it is');
  },
  'an upload that was begun goes on when its file is chosen again, and only then'() {
    const file = { file: { name: 'big.iso', size: 4000, lastModified: 7 }, path: 'big.iso' };
    const memory = { 'uploads/t': { fingerprint: fingerprint(file.file), location: 'uploads/t', id: '5', name: 'big.iso', length: 4000, sent: 1000, atMs: 1 } };
    const recalled = recall(createQueue(), memory);
    const chosen = (files, options) => enqueue(recalled, files, options, memory).queue.items;
    equal(recalled.items.map((item) => `${item.state} ${item.name} ${item.sent}`), ['remembered big.iso 1000']);
    equal(nextToStart(recalled), null);

    const again = enqueue(recalled, [file], {}, memory).queue;
    equal(again.items.map((item) => `${item.state} ${item.location} ${item.id} ${item.sent}`), ['waiting uploads/t 5 1000']);
    equal(enqueue(again, [file], { id: '6' }, memory).queue.items.map((item) => item.location), ['uploads/t', null], 'one upload has one sender');
    equal(chosen([{ ...file, file: { ...file.file, lastModified: 8 } }], {}).map((item) => item.location), ['uploads/t', null]);
    equal(chosen([file], { id: '6' }).map((item) => `${item.location} ${item.id}`), ['uploads/t 5', 'null 6']);
    equal(chosen([file], { id: '5' }).length, 1);
  },
  async 'what is wanted of all is done at once, and starts nothing that it stops'() {
    const sent = [];
    let changes = 0;
    const uploader = uploaderOf((item, report, signal) => new Promise((resolve, reject) => {
      sent.push(item.name);
      signal.addEventListener('abort', () => reject(new DOMException('stopped', 'AbortError')));
      uploader.fail[item.name] = () => reject(new Error('no room'));
    }), undefined, () => changes++);
    uploader.add(filesOf('a', 'b', 'c', 'd'), {});
    changes = 0;
    uploader.pauseAll();
    equal([sent, changes, uploader.states()], [['a', 'b'], 1, 'paused paused paused paused']);
    uploader.resumeAll();
    uploader.fail.a();
    await uploader.quiet();
    equal([sent.length, uploader.states()], [5, 'failed sending sending waiting']);
    uploader.retryAll();
    equal(uploader.states(), 'waiting sending sending waiting');
    await uploader.cancelAll();
    equal([sent.length, uploader.states()], [5, 'cancelled cancelled cancelled cancelled']);
    uploader.retryAll();
    equal(uploader.states(), 'cancelled cancelled cancelled cancelled', 'what was cancelled is not meant');
  },
  async 'each of many files is sent once, and Pause, Cancel and the end act on the run there is'() {
    const sent = [];
    const uploader = uploaderOf((item, report, signal) => new Promise((resolve, reject) => {
      sent.push(item.name);
      signal.addEventListener('abort', () => reject(new DOMException('stopped', 'AbortError')));
      report.progress(1);
      uploader.finish[item.name] = () => resolve({ id: item.name });
    }));
    uploader.add(filesOf('a', 'b', 'c'), {});
    uploader.add(filesOf('d', 'e'), {});
    equal([sent, uploader.states()], [['a', 'b'], 'sending sending waiting waiting waiting']);
    uploader.pause(2);
    equal([sent, uploader.states()], [['a', 'b', 'c'], 'sending paused sending waiting waiting']);
    uploader.finish.b();
    await uploader.quiet();
    equal(uploader.states(), 'sending paused sending waiting waiting', 'a paused one does not end by a late answer');
    uploader.finish.a();
    await uploader.quiet();
    equal([sent, uploader.states()], [['a', 'b', 'c', 'd'], 'done paused sending sending waiting']);
    uploader.resume(2);
    await uploader.cancel(3);
    equal([sent, uploader.states()], [['a', 'b', 'c', 'd', 'b'], 'done sending cancelled sending waiting']);
    uploader.finish.d();
    uploader.finish.b();
    await uploader.quiet();
    uploader.finish.e();
    await uploader.quiet();
    equal([sent, uploader.states(), uploader.ended], [['a', 'b', 'c', 'd', 'b', 'e'], 'done done cancelled done done', ['a', 'd', 'b', 'e']]);
  },
  async 'what is cancelled too late is said to be stored, and what could not be told is said so'() {
    const answers = { 'uploads/a': { id: '1' }, 'uploads/b': null };
    const uploader = uploaderOf((item, report) => {
      report.created(`uploads/${item.name}`);
      report.progress(item.length);
      return new Promise(() => {});
    }, async (location) => {
      if (!(location in answers)) {
        throw new Error('no answer');
      }

      return answers[location];
    });
    uploader.add(filesOf('a', 'b', 'c'), {});
    await Promise.all([1, 2].map(uploader.cancel));
    await uploader.cancel(3);
    equal(uploader.states(), 'done cancelled cancelled');
    equal(uploader.items().map((item) => [item.wasLate, item.problem?.message ?? null]), [[true, null], [false, null], [false, 'no answer']]);
  },
  async 'an id that is taken asks, and is sent again against the version that was seen'() {
    const wanted = [];
    const uploader = uploaderOf(async (item) => {
      wanted.push(item.replaces);
      if (item.replaces === null) {
        throw Object.assign(new Error('taken'), { occupant: { etag: '"v1"' } });
      }

      return { id: item.id };
    });
    uploader.add(filesOf('a'), { id: '5' });
    await uploader.quiet();
    equal([uploader.states(), uploader.ended], ['asking', []]);
    uploader.replace(1);
    await uploader.quiet();
    equal([uploader.states(), wanted], ['done', [null, '"v1"']]);
  },
  'a request that failed is tried again when that can help, asked about when it is astray, and not for ever'() {
    const after = (phase, status, more = {}) => afterFailure({ phase, status, failures: 0, strayed: 0, random: 0.5, ...more });
    equal([after('send', 0), after('begin', 503), after('ask', 0)], [{ then: 'ask', waitMs: 500 }, { then: 'begin', waitMs: 500 }, { then: 'ask', waitMs: 500 }]);
    equal(after('send', 429, { retryAfterMs: 7000 }).waitMs, 7000);
    equal([after('send', 0, { failures: 3 }).waitMs, after('send', 0, { failures: 99 }).waitMs], [4000, 15000]);
    equal(['begin', 'ask', 'send'].map((phase) => after(phase, 413).then), ['fail', 'fail', 'fail']);
    equal([after('send', 404).then, after('send', 410).then, after('send', 409).then, after('ask', 409).then], ['ask', 'ask', 'ask', 'ask']);
    equal([after('ask', 404), after('ask', 410, { strayed: 3 })], [{ then: 'begin', waitMs: 500 }, { then: 'begin', waitMs: 4000 }]);
    equal([after('ask', 404, { strayed: 4 }).then, after('send', 409, { strayed: 4 }).then, after('begin', 404).then, after('begin', 412).then], ['fail', 'fail', 'fail', 'fail']);
  },
  'Retry-After is seconds or a date'() {
    equal([retryAfter('120', 0), retryAfter(' 2 ', 0), retryAfter('Thu, 01 Jan 1970 00:00:10 GMT', 4000), retryAfter('Thu, 01 Jan 1970 00:00:01 GMT', 4000)], [120000, 2000, 6000, 0]);
    equal([retryAfter(null, 0), retryAfter('soon', 0), retryAfter('-5', Date.now())], [0, 0, 0]);
  },
  'what the page says of its link is what it met last'() {
    const live = streamed(heard(createLink(), 200, '', 1), 'live', 2);
    equal([linkState(createLink()), linkState(live), isStale(live), linkWarning(live, 'noon')], ['connecting', 'live', false, null]);
    const gone = heard(live, 0, '', 9);
    equal([linkState(gone), linkWord(gone), isStale(gone), gone.heardAtMs], ['gone', 'No answer', true, 2]);
    truth(linkWarning(gone, 'noon').detail.includes('as of noon') && linkWarning(gone, null).detail.includes('Nothing has been heard'));
    equal([linkState(streamed(gone, 'reconnecting', 9)), linkState(heard(gone, 200, '', 10)), linkState(streamed(gone, 'live', 10))], ['gone', 'live', 'live']);
    equal([linkState(heard(live, 401, 'x', 9)), linkWarning(heard(live, 401, 'x', 9), null).asksKey, linkState(heard(live, 503, 'Starting', 9))], ['locked', true, 'ailing']);
    truth(linkWarning(heard(live, 503, 'Starting', 9), null).detail.startsWith('Starting.'));
  },
  'the weather is told of a sky that is seen'() {
    const servers = [{ state: 'up' }, { state: 'silent' }];
    equal(weather('live', 'noon', 1, 2e6, servers), '1 resource rains at 2 MB/s · 1 of 2 servers up');
    equal(weather('live', 'noon', 0, 0, [{ state: 'up' }, { state: 'unknown', isOwn: true }, { state: 'unknown' }]), 'Clear sky · 2 of 3 servers up');
    equal(weather('polling', 'noon', 0, 0, [{ state: 'unknown' }]), 'Clear sky · 1 server known');
    equal([weather('gone', 'noon', 1, 2e6, servers), weather('locked', null, 0, 0, []), weather('connecting', null, 0, 0, [])], ['The sky is out of sight since noon', 'The sky is seen with a key', 'Looking at the sky…']);
  },
  'of copies no more is said than is known'() {
    equal([copiesText(3), copiesText(1), copiesText(0)], ['3 nodes hold it, this one among them.', 'no other node has said yet that it holds it. They go on being told.', 'it is not here any more.']);
  },
  'a transfer is called by the name of what it brought'() {
    equal([nameOfTransfer({ resource: '5', fileName: 'old.txt' }), nameOfTransfer({ resource: '5', fileName: null })], ['old.txt', 'Resource 5']);
  },
  'what cannot be seen in a name is shown, and what can stays'() {
    equal(visible('report\u202efdp.exe'), 'report⟨U+202E⟩fdp.exe');
    equal(visible('a\u0000b\u001b[31m\u009fc\r\n\u200b\u2066\ufeff\u00ad\u{e0041}\ud800'), 'a⟨U+0000⟩b⟨U+001B⟩[31m⟨U+009F⟩c⟨U+000D⟩⟨U+000A⟩⟨U+200B⟩⟨U+2066⟩⟨U+FEFF⟩⟨U+00AD⟩⟨U+E0041⟩⟨U+D800⟩');
    for (const text of ['Über den Regen.txt', 'שלום.pdf', 'نمایش می\u200cدهد', '👩\u200d🚀.png', 'x\u00a0y', '❤\ufe0f']) {
      equal(visible(text), text);
    }

    equal([isolate('a.txt'), isolate('שלום\u2069.pdf')], ['a.txt', '\u2068שלום⟨U+2069⟩.pdf\u2069']);
    equal([visible('\u2068x\u2069', true), visible('\u202ex', true), visible('\u2068x')], ['\u2068x\u2069', '⟨U+202E⟩x', '⟨U+2068⟩x']);
    equal(plain('a\u202eb\nc'), 'a_b_c');
  },
  'a line to copy holds what is seen, and says that it needs the key'() {
    const lines = commands({ id: '5', fileName: 'a\u202e\nb' }, 'http://h:1', true).map((command) => command.line);
    equal(lines[0], 'curl -H "Authorization: Bearer $KEY" -o a__b http://h:1/resources/5');
    truth(lines.every((line) => line.includes('"Authorization: Bearer $KEY"')));
    truth(commands({ id: '5' }, 'http://h:1').every((command) => !command.line.includes('Authorization')));
  },
  'what is remembered of uploads survives bad storage and expires'() {
    const kept = localStorage.getItem('pouring-rain-uploads');
    try {
      for (const bad of ['', '{', '[]', 'null', '7', '{"x": 1, "y": {"location": 5}}', '{"z": {"location": "uploads/t", "id": null, "name": "n", "length": 9, "sent": 3, "atMs": 0}}']) {
        localStorage.setItem('pouring-rain-uploads', bad);
        equal(recallUploads(0), {}, bad);
      }

      localStorage.clear();
      const upload = { fingerprint: 'f', location: 'uploads/t', id: null, name: 'n', length: 9, sent: 3, atMs: 1000 };
      remember(upload);
      remember({ ...upload, location: 'uploads/u', sent: 4 });
      forget('uploads/u');
      equal(recallUploads(2000), { 'uploads/t': upload });
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
  'what may be lost is one plain sentence'() {
    const zones = ['a', 'b'];
    equal(survivesText({ zones, survives: { nodes: 2, zones: 1 } }), 'Any 2 nodes, or any 1 zone, can be lost now without losing a resource.');
    equal(survivesText({ zones: ['a'], survives: { nodes: 2, zones: 0 } }), 'Any 2 nodes can be lost now without losing a resource.');
    equal(survivesText({ zones, survives: { nodes: 1, zones: 0 } }), 'Any 1 node can be lost now without losing a resource. A whole zone cannot.');
    equal(survivesText({ zones, survives: { nodes: 0, zones: 0 } }), 'No node can be lost now without losing a resource.');
    equal(survivesText({ zones, survives: { nodes: 0, zones: 0, unknown: ['a', 'b'] } }), 'How much can be lost is not known: 2 nodes do not say what is kept there.');
    equal([survivesText({}), survivesText(null), survivesText({ survives: { nodes: null } })], ['', '', '']);
  },
  'copies and repairs are told with what is left and when it ends'() {
    equal(copiesWanted({ replicas: 3, underReplicated: 0 }), 'Wanted: 3 copies of each. No resource has fewer.');
    equal(copiesWanted({ replicas: 3, underReplicated: 0, nodes: { total: 3 } }), 'Wanted: 3 copies of each. No resource has fewer.');
    equal(copiesWanted({ replicas: 3, underReplicated: 0, nodes: { total: 2 } }), 'Wanted: 3 copies of each. There are 2 nodes for them, and no resource has fewer than that.');
    equal(copiesWanted({ replicas: 0, underReplicated: 1 }), '1 resource has fewer copies than wanted, which is a copy on every node.');
    equal(copiesWanted({ replicas: 1, underReplicated: 1200 }), '1,200 resources have fewer copies than wanted, which is 1 copy of each.');
    equal(repairText({ waiting: 0, bytesLeft: 0 }), 'Nothing waits to be mended.');
    equal(repairText({ waiting: 40, bytesLeft: 3.2e9, rateBytesPerSecond: 25e6, etaSeconds: 128.2 }), '40 resources, 3.20 GB, wait to be mended, at 25 MB/s: done in 2 min 8 s.');
    equal(repairText({ waiting: 1, bytesLeft: 10, rateBytesPerSecond: 0, etaSeconds: null }), '1 resource, 10 B, waits to be mended; nothing moves just now.');
    equal(scrubText({ checked: 1, bytes: 5e9, bad: 2, etaSeconds: 3 }), '1 body compared, 5 GB, 2 bad, set aside; all are compared in 3 s.');
    equal(scrubText({ checked: 0, bytes: 0, bad: 0, etaSeconds: null }), '0 bodies compared, 0 B, none bad.');
  },
  'a drain is told until its node may be switched off'() {
    equal(drainText({ state: 'draining', resourcesLeft: 2, bytesLeft: 1e6, rateBytesPerSecond: 5e5, etaSeconds: 2 }), '2 resources, 1 MB, to be given away, at 500 kB/s: done in 2 s.');
    equal(drainText({ state: 'draining', resourcesLeft: 2, bytesLeft: 1e6, rateBytesPerSecond: 0, etaSeconds: null }), '2 resources, 1 MB, to be given away; nothing moves just now.');
    equal(drainText({ state: 'draining', resourcesLeft: null, bytesLeft: null, rateBytesPerSecond: 0, etaSeconds: null }), 'What is left is being looked for.');
    equal(drainText({ state: 'done' }), 'It holds nothing that others lack: it may be switched off.');
  },
  'only a node that is heard and that knows of drains is drained'() {
    equal([canDrain({ state: 'up', drain: null }), canDrain({ state: 'late', drain: null }), canDrain({ state: 'down', drain: null }), canDrain({ state: 'up', drain: {} }), canDrain({ state: 'up' })], [true, true, false, false, false]);
    equal([canTellOfDrains({ drain: null }), canTellOfDrains({ state: 'up' })], [true, false]);
  },
  'engines are told as well or with their trouble'() {
    equal(etcdText({ connected: true, trouble: null }), { kind: 'good', text: 'It answers.' });
    equal(etcdText({ connected: false, trouble: null }).kind, 'bad');
    equal(etcdText({ connected: true, trouble: 'no answer since 4 s' }), { kind: 'bad', text: 'No answer since 4 s.' });
    equal(objectStoreText({ connected: true, trouble: null, waiting: 0 }).text, 'It serves. Nothing waits to be put there.');
    equal(objectStoreText({ connected: false, trouble: 'it answers 403', waiting: 1, bytesLeft: 5, rateBytesPerSecond: 0 }), { kind: 'bad', text: 'It answers 403. 1 version, 5 B, waits to be put there; nothing moves just now.' });
  },
  'what failed is one list'() {
    const failed = [{ id: '1', reason: 'no room' }];
    equal(failuresOf({ repair: { failed }, objectStore: { failed: [{ id: '2', reason: '403' }] } }).map((failure) => failure.id), ['1', '2']);
    equal([failuresOf(null), failuresOf({ objectStore: null })], [[], []]);
  },
  'nodes are named, ordered, filled and counted, whatever they lack'() {
    const self = { id: 'f'.repeat(32), self: true, state: 'up', url: 'http://self:8080/', rain: ['10.0.0.1:1980'], bytes: 1, freeBytes: 3 };
    const west = { id: 'a'.repeat(32), zone: 'west', state: 'down', url: null, rain: ['10.0.0.2:1980', '10.0.0.2:1981'] };
    const east = { id: '0123456789'.repeat(3), zone: 'east', state: 'draining', url: 'no address', drain: { state: 'done' } };
    equal([self, west, east, {}].map(nameOfNode), ['self:8080', '10.0.0.2:1980', '01234567', '']);
    const seen = { state: 'down', lastSeen: '2026-01-01T00:00:00Z' };
    equal([self, east, west, seen].map((node) => stateText(node, Date.parse('2026-01-01T00:15:00Z'))), ['up, this node', 'empty', 'down, never heard', 'down, heard 15 min ago']);
    equal(orderedNodes([west, east, self]).map(nameOfNode), ['self:8080', '01234567', '10.0.0.2:1980']);
    equal([fillOf(self), fillOf(west)], [0.25, null]);
    equal(rateOf(west, [{ endpoint: '10.0.0.2:1980', rateBytesPerSecond: 5 }, { endpoint: '10.0.0.2:1981', rateBytesPerSecond: 2 }, { endpoint: '10.0.0.1:1980', rateBytesPerSecond: 9 }]), 7);
    equal(rateOf(east, []), null);
    equal(clusterNote({ zones: ['a', 'b'] }, [self, west, east, { state: 'gone' }]), '3 nodes in 2 zones, 1 down, 1 empty');
    equal(clusterNote(null, [self, west]), '2 nodes, 1 down');
    equal([isAlone([self]), isAlone([self, { state: 'gone' }]), isAlone([self, west])], [true, true, false]);
    equal([aloneText(null), aloneText({ objectStore: {} })], ['This node is alone: nobody else keeps what is put here.', 'This node is alone. What is put here goes to the object store as well.']);
  },
};

const failures = [];
for (const [name, test] of Object.entries(tests)) {
  try {
    await test();
  } catch (error) {
    failures.push(`${name}: ${error.message}`);
  }
}

window.outcome = JSON.stringify({ count: Object.keys(tests).length, failures });

/** A list of files of ten bytes that wait. */
function listOf(...names) {
  return enqueue(createQueue(), filesOf(...names), {}).queue;
}

function filesOf(...names) {
  return names.map((name) => ({ file: { name, size: 10, lastModified: 1 }, path: name }));
}

/** The owner of the list with a gateway that is played. */
function uploaderOf(send, giveUp = async () => null, onChange = () => {}) {
  let queue = createQueue();
  const ended = [];
  const memory = { recallUploads: () => ({}), remember() {}, forget() {} };
  const uploader = createUploader({ send, giveUp, memory, onChange: (next) => { queue = next; onChange(); }, onEnd: (item) => ended.push(item.name) });
  return {
    ...uploader,
    ended,
    finish: {},
    fail: {},
    items: () => queue.items,
    states: () => queue.items.map((item) => item.state).join(' '),
    quiet: () => new Promise((resolve) => { setTimeout(resolve); }),
  };
}

function row(id, fileName, contentType, path = null) {
  return rowOfResource({ id, fileName, contentType, path, length: 1 });
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
