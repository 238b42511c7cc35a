// The cluster in sentences. Pure; what the gateway said may lack anything.

import { ago, count, duration, rate, size } from './format.js';

/** What a node may be that is not just up, the worst first. */
const remarkable = ['down', 'late', 'draining', 'empty'];

/** What a node is called: where its gateway is, else where it rains, else the beginning of its id. */
export function nameOfNode(node) {
  return hostOf(node.url) ?? node.rain?.[0] ?? String(node.id ?? '').slice(0, 8);
}

/** Where the page of a node's gateway is, at one of its views; null when the node does not say. */
export function pageOf(node, view) {
  try {
    const { protocol, origin, pathname } = new URL(node?.url);
    return protocol === 'http:' || protocol === 'https:' ? `${origin}${pathname.replace(/\/$/, '')}/#/${view}` : null;
  } catch {
    return null;
  }
}

/** How a state is marked: `good`, `bad` or `plain`. Its word is always there too. */
export function nodeKind(state) {
  return state === 'up' ? 'good' : state === 'down' ? 'bad' : 'plain';
}

/** The state of a node as a word; one that is empty says so. */
export function nodeState(node) {
  return node.drain?.state === 'done' ? 'empty' : node.drain ? 'draining' : String(node.state ?? '');
}

/** The same with which node it is, or how long it has been silent. */
export function stateText(node, nowMs) {
  const state = nodeState(node);
  return node.self ? `${state}, this node` : state === 'late' || state === 'down' ? `${state}, ${node.lastSeen ? `heard ${ago(node.lastSeen, nowMs)}` : 'never heard'}` : state;
}

/** Whether a node comes from a gateway that knows of drains, and of the cluster as a whole; those before it list nodes and no more. */
export function canTellOfDrains(node) {
  return node.drain !== undefined;
}

/** Whether a node may be drained now. */
export function canDrain(node) {
  return canTellOfDrains(node) && !node.drain && (node.state === 'up' || node.state === 'late');
}

/** Whether there is nobody but the node that answers. */
export function isAlone(nodes) {
  return nodes.every((node) => node.self || node.state === 'gone');
}

/** The nodes in order: this one, then by zone and name. */
export function orderedNodes(nodes) {
  const key = (node) => `${node.self ? 0 : 1} ${node.zone ?? ''} ${nameOfNode(node)}`;
  return nodes.toSorted((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}

/** How much of a node is full, 0 to 1; null when it has not said. */
export function fillOf({ bytes, freeBytes }) {
  const whole = (bytes ?? 0) + (freeBytes ?? 0);
  return whole > 0 ? (bytes ?? 0) / whole : null;
}

/** What comes from a node just now, in bytes a second, by what is known of the servers at its addresses; null when none is known. */
export function rateOf(node, servers) {
  const own = new Set(node.rain ?? []);
  const known = servers.filter((server) => own.has(server.endpoint) && server.rateBytesPerSecond > 0);
  return known.length === 0 ? null : known.reduce((sum, server) => sum + server.rateBytesPerSecond, 0);
}

/** The line beside the heading: how many nodes, in how many zones, and which are not as they should be. */
export function clusterNote(cluster, nodes) {
  const present = nodes.filter((node) => node.state !== 'gone');
  const zones = cluster?.zones?.length ?? 0;
  const parts = [`${plural(present.length, 'node')}${zones > 1 ? ` in ${plural(zones, 'zone')}` : ''}`];
  for (const state of remarkable) {
    const those = present.filter((node) => nodeState(node) === state).length;
    if (those > 0) {
      parts.push(`${count(those)} ${state}`);
    }
  }

  return parts.join(', ');
}

/** What one node alone is told. */
export function aloneText(cluster) {
  return cluster?.objectStore
    ? 'This node is alone. What is put here goes to the object store as well.'
    : 'This node is alone: nobody else keeps what is put here.';
}

/** What may be lost now, in a sentence; '' when it is not known. */
export function survivesText(cluster) {
  const { nodes, zones, unknown } = cluster?.survives ?? {};
  if (!Number.isFinite(nodes)) {
    return '';
  }

  if (unknown?.length > 0) {
    return `How much can be lost is not known: ${unknown.length === 1 ? '1 node does' : `${count(unknown.length)} nodes do`} not say what is kept there.`;
  }

  if (nodes <= 0) {
    return 'No node can be lost now without losing a resource.';
  }

  const zoneCount = cluster.zones?.length ?? 0;
  const orZones = zoneCount > 1 && zones > 0 ? `, or any ${plural(zones, 'zone')},` : '';
  const noZone = zoneCount > 1 && !(zones > 0) ? ' A whole zone cannot.' : '';
  return `Any ${plural(nodes, 'node')}${orZones} can be lost now without losing a resource.${noZone}`;
}

/** How many copies there should be, and whether there are. */
export function copiesWanted(cluster) {
  const few = cluster.underReplicated ?? 0;
  const wanted = cluster.replicas > 0 ? `${plural(cluster.replicas, 'copy', 'copies')} of each` : 'a copy on every node';
  if (few === 0) {
    // As many copies as nodes is all there can be.
    const total = cluster.nodes?.total;
    return total > 0 && total < cluster.replicas
      ? `Wanted: ${wanted}. There ${total === 1 ? 'is 1 node' : `are ${count(total)} nodes`} for them, and no resource has fewer than that.`
      : `Wanted: ${wanted}. No resource has fewer.`;
  }

  return `${count(few)} ${few === 1 ? 'resource has' : 'resources have'} fewer copies than wanted, which is ${wanted}.`;
}

/** What failed last and will be tried again, of the repair and of the object store: {id, reason}. */
export function failuresOf(cluster) {
  return [...(cluster?.repair?.failed ?? []), ...(cluster?.objectStore?.failed ?? [])];
}

/** What waits to be mended, and when that will be done. */
export function repairText(repair) {
  return queueText(repair, 'Nothing waits to be mended.', 'resource', 'to be mended');
}

/** How a drain stands: what is left on the node, and when it will be empty. */
export function drainText(drain) {
  if (drain.state === 'done') {
    return 'It holds nothing that others lack: it may be switched off.';
  }

  const left = drain.resourcesLeft > 0 ? `${plural(drain.resourcesLeft, 'resource')}, ${size(drain.bytesLeft)}, to be given away` : 'What is left is being looked for';
  return `${left}${paceText(drain, drain.resourcesLeft > 0)}`;
}

/** How the reading and comparing of all bodies stands. */
export function scrubText(scrub) {
  const bad = scrub.bad > 0 ? `${count(scrub.bad)} bad, set aside` : 'none bad';
  const eta = scrub.etaSeconds > 0 ? `; all are compared in ${seconds(scrub.etaSeconds)}` : '';
  return `${plural(scrub.checked ?? 0, 'body', 'bodies')} compared, ${size(scrub.bytes ?? 0)}, ${bad}${eta}.`;
}

/** How etcd stands: {kind, text}. */
export function etcdText(etcd) {
  return standing(etcd, 'It answers.', 'It does not answer. The nodes go on with what was known last.');
}

/** How the object store stands: {kind, text}. */
export function objectStoreText(store) {
  const { kind, text } = standing(store, 'It serves.', 'It does not serve. What is put waits for it.');
  const waits = store.waiting > 0 ? ` ${queueText(store, '', 'version', 'to be put there')}` : kind === 'good' ? ' Nothing waits to be put there.' : '';
  return { kind, text: `${text}${waits}` };
}

function standing({ connected, trouble }, well, away) {
  const isWell = connected !== false && !trouble;
  return { kind: isWell ? 'good' : 'bad', text: isWell ? well : trouble ? sentence(trouble) : away };
}

function queueText(queue, none, noun, verb) {
  if (!(queue.waiting > 0)) {
    return none;
  }

  const waits = queue.waiting === 1 ? 'waits' : 'wait';
  return `${plural(queue.waiting, noun)}, ${size(queue.bytesLeft ?? 0)}, ${waits} ${verb}${paceText(queue, true)}`;
}

/** The end of a sentence about bytes that move. */
function paceText({ rateBytesPerSecond, etaSeconds }, isMoving) {
  if (!(rateBytesPerSecond > 0)) {
    return isMoving ? '; nothing moves just now.' : '.';
  }

  return `, at ${rate(rateBytesPerSecond)}${etaSeconds > 0 ? `: done in ${seconds(etaSeconds)}` : ''}.`;
}

function seconds(value) {
  return duration(Math.max(1, Math.round(value)) * 1000).replace(/\.0 s$/, ' s');
}

function plural(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

function sentence(text) {
  const trimmed = String(text).trim();
  return `${trimmed.charAt(0).toUpperCase()}${trimmed.slice(1)}${/[.!?]$/.test(trimmed) ? '' : '.'}`;
}

function hostOf(url) {
  try {
    return new URL(url).host || null;
  } catch {
    return null;
  }
}
