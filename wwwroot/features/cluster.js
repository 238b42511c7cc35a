// The cluster, the servers that are asked and the receivers that are rained on.

import { createCluster as createClusterPanel } from '../components/cluster.js';
import { confirmDrain, confirmRemoval } from '../components/dialogs.js';
import { announce } from '../components/dom.js';
import { createServers, createSubscribers } from '../components/tables.js';
import { nameOfNode, pageOf } from '../logic/cluster.js';
import { call, callJson, Problem, redirected } from '../net/api.js';
import { drain, readCluster, stopDraining } from '../net/cluster.js';
import { every, takeWants } from './wants.js';

const pollMs = 2000;
const patienceMs = 4000;

/**
 * @param {Document} page
 * @param {object} needs `asOf()`; `onSeen()` when there are figures of now.
 */
export function createCluster(page, { asOf, onSeen }) {
  const serverTable = createServers(page.getElementById('servers'));
  const subscriberTable = createSubscribers(page.getElementById('subscribers'));
  const panel = createClusterPanel(page.getElementById('cluster'));
  let servers = [];
  let subscribers = [];
  let seen = { cluster: null, nodes: null };
  takeWants({ 'server-add': addServer, 'server-remove': removeServer, 'node-drain': drainNode, 'node-drain-stop': stopDrain });
  every(pollMs, refreshServers);
  every(pollMs, refreshNodes);

  return {
    servers: () => servers,
    nodes: () => seen.nodes,
    draw,
    refresh() {
      refreshServers().catch(() => {});
      refreshNodes().catch(() => {});
    },
    refreshServers,
  };

  async function refreshServers() {
    const [serverPage, subscriberPage] = await Promise.all(['servers', 'subscribers'].map((path) => callJson('GET', path, { background: true, patienceMs })));
    servers = serverPage?.items ?? [];
    subscribers = subscriberPage?.items ?? [];
    draw();
  }

  async function refreshNodes() {
    seen = await readCluster(patienceMs);
    draw();
  }

  function draw() {
    const stale = asOf();
    panel.update(seen, servers, stale);
    serverTable.update(servers, stale);
    subscriberTable.update(subscribers, stale);
    onSeen();
  }

  async function addServer({ endpoint }) {
    await call('PUT', `servers/${endpoint}`);
    announce(`${endpoint} is added, until the gateway ends.`);
    await refreshServers();
  }

  async function removeServer(server) {
    if (await confirmRemoval(server)) {
      await call('DELETE', `servers/${server.endpoint}`);
      announce(`${server.endpoint} is removed.`);
      await refreshServers();
    }
  }

  async function drainNode(node) {
    const name = nameOfNode(node);
    if (await confirmDrain(name)) {
      await askThere(node, () => drain(node));
      announce(`${name} gives away what it keeps.`);
      await refreshNodes();
    }
  }

  async function stopDrain(node) {
    await askThere(node, () => stopDraining(node));
    announce(`${nameOfNode(node)} is drained no more.`);
    await refreshNodes();
  }

  /** Without etcd a node takes such a wish from its own gateway alone. */
  async function askThere(node, ask) {
    try {
      await ask();
    } catch (problem) {
      throw problem.status !== redirected ? problem : new Problem({ title: `${nameOfNode(node)} has to be asked itself`, detail: `Without etcd a node is drained from its own page alone: ${pageOf(node, 'cluster') ?? ''}` });
    }
  }
}
