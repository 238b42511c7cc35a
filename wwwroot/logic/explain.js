// A transfer in sentences. Pure.

import { count, duration, percent, rate, size } from './format.js';
import { lossOf } from './transfers.js';

const endings = {
  completed: 'All of it is here, and every block has the digest that the manifest names.',
  deleted: 'It was deleted; the servers remember that, and nothing of it is left to rain.',
  notFound: 'Every server that was asked said that it has no such resource.',
  unanswered: 'No server answered in time.',
  stalled: 'The servers fell silent before everything was here. What was verified is kept and need not come again.',
  integrityFailure: 'No honest source is left: what came did not have the digests that the manifest names, and nothing of it was let through.',
  busy: 'Every server that answered was busy.',
  cancelled: 'Nobody was waiting for it any more, so it was ended.',
  noNetwork: 'This node has no socket to ask other servers with.',
  localFailure: 'What came could not be kept: the disk is full or failing.',
};

/** One sentence for the way a transfer ended (or that it has not). */
export function ending(transfer) {
  if (transfer.state === 'notFound' && transfer.sources.length === 0) {
    return 'It is not kept here, and there is no other server to ask.';
  }

  if (transfer.state === 'busy' && transfer.sources.length === 0) {
    return 'It was not begun: as many fetches are under way here as may be.';
  }

  if (['notFound', 'unanswered', 'busy'].includes(transfer.state)) {
    const answers = tally(transfer.sources);
    if (answers.length > 1) {
      return `Of ${count(transfer.sources.length)} servers asked ${answers.join(', ')}.`;
    }
  }

  return endings[transfer.state] ?? (transfer.state === 'discovering' ? 'The servers are being asked who has it.' : 'It is raining.');
}

/** The line in the head of the page; of a sky that is not seen it says since when. */
export function weather(state, since, runningCount, bytesPerSecond, servers) {
  switch (state) {
    case 'gone':
    case 'ailing': return since === null ? 'The sky is out of sight' : `The sky is out of sight since ${since}`;
    case 'locked': return 'The sky is seen with a key';
    case 'connecting': return 'Looking at the sky…';
    default: break;
  }

  const sky = runningCount === 0 ? 'Clear sky' : `${count(runningCount)} ${runningCount === 1 ? 'resource rains' : 'resources rain'} at ${rate(bytesPerSecond)}`;
  // This node's own server runs when the page is answered, whether it was asked for something or not.
  const up = servers.filter((server) => server.state === 'up' || (server.isOwn && server.state === 'unknown')).length;
  const isUnheard = servers.every((server) => server.state === 'unknown');
  return `${sky} · ${isUnheard ? `${count(servers.length)} ${servers.length === 1 ? 'server' : 'servers'} known` : `${count(up)} of ${count(servers.length)} servers up`}`;
}

/** How many nodes hold a resource, this one included, as a sentence's end. */
export function copiesText(nodes) {
  return nodes > 1 ? `${count(nodes)} nodes hold it, this one among them.`
    : nodes === 1 ? 'no other node has said yet that it holds it. They go on being told.'
    : 'it is not here any more.';
}

/** Whether this is an ending to be shown as an error. */
export function isFailure(transfer) {
  return transfer.state in endings && transfer.state !== 'completed' && transfer.state !== 'cancelled';
}

/** Everything worth saying about a transfer, as {term, text}. */
export function explain(transfer) {
  const said = [{ term: 'What happened', text: ending(transfer) }];
  const seconds = transfer.elapsedMs / 1000;
  if (transfer.receivedBytes > 0 && seconds > 0) {
    const whole = transfer.length > 0 && transfer.receivedBytes < transfer.length ? ` of ${size(transfer.length)}` : '';
    said.push({ term: 'How fast', text: `${size(transfer.receivedBytes)}${whole} in ${duration(transfer.elapsedMs)}, ${rate(transfer.receivedBytes / seconds)} on the whole.` });
  }

  const asked = transfer.sources.map((source) => source.endpoint);
  if (isFailure(transfer) && !(transfer.receivedBytes > 0) && asked.length > 0) {
    said.push({ term: 'Who was asked', text: `${asked.slice(0, 8).join(', ')}${asked.length > 8 ? `, and ${count(asked.length - 8)} more` : ''}.` });
  }

  if (transfer.verdict && (transfer.receivedBytes > 0 || !isFailure(transfer))) {
    said.push({ term: 'What set the pace', text: transfer.verdict });
  }

  const active = transfer.sources.filter((source) => source.droplets > 0).sort((a, b) => b.droplets - a.droplets);
  if (active.length > 0) {
    said.push({ term: 'Who rained', text: whoRained(active) });
  }

  if (transfer.symbolsNeeded > 0) {
    said.push({ term: 'Overhead', text: overheadText(transfer) });
  }

  if (active.length > 0) {
    said.push({ term: 'Loss', text: lossText(transfer, active) });
  }

  return said;
}

/** What the servers that did not rain have answered, as parts of a sentence; a single one when they all said the same. */
function tally(sources) {
  const said = { notFound: 'had no such resource', busy: 'was busy', stale: 'had an older version', lied: 'sent wrong bytes', withholding: 'sent nothing' };
  const counts = new Map();
  for (const { state } of sources) {
    const words = said[state] ?? 'did not answer';
    counts.set(words, (counts.get(words) ?? 0) + 1);
  }

  return [...counts].map(([words, servers]) => `${count(servers)} ${servers === 1 ? words : words.replace('was', 'were')}`);
}

/** Every source's share of the droplets, biggest first: {endpoint, share}. */
export function shares(transfer) {
  const total = transfer.sources.reduce((sum, source) => sum + (source.droplets ?? 0), 0);
  return transfer.sources.map((source) => ({ endpoint: source.endpoint, share: total > 0 ? (source.droplets ?? 0) / total : 0 }));
}

function whoRained(active) {
  const total = active.reduce((sum, source) => sum + source.droplets, 0);
  if (active.length === 1) {
    return `${active[0].endpoint} alone, ${count(total)} droplets.`;
  }

  const named = active.slice(0, 3).map((source) => `${source.endpoint} ${percent(source.droplets / total)}`).join(', ');
  const rest = active.length > 3 ? `, and ${count(active.length - 3)} more` : '';
  return `${count(active.length)} servers, ${count(total)} droplets: ${named}${rest}.`;
}

function overheadText(transfer) {
  const needed = transfer.symbolsNeeded;
  const came = transfer.dropletsReceived;
  const least = `${count(needed)} symbols were the least that could do; ${count(came)} droplets came`;
  if (came < needed) {
    return `${least} so far.`;
  }

  return came === needed ? `${least}: not one too many.` : `${least}: ${percent(came / needed - 1)} more.`;
}

function lossText(transfer, active) {
  const loss = lossOf(transfer);
  if (loss === 0) {
    return 'Not one droplet was lost on the way.';
  }

  const worst = active.reduce((a, b) => (b.lost / (b.lost + b.droplets) > a.lost / (a.lost + a.droplets) ? b : a));
  const worstShare = worst.lost / (worst.lost + worst.droplets);
  const most = active.length > 1 ? ` Most on the way from ${worst.endpoint}: ${percent(worstShare)}.` : '';
  return `${percent(loss)} of the droplets did not arrive; other droplets took their place.${most}`;
}
