// What the gateway says of the cluster, and what it is told about its nodes.

import { canTellOfDrains } from '../logic/cluster.js';
import { call, readIfThere } from './api.js';

/** Reads what there is: {cluster, nodes}; each null where the gateway does not say, as an older one does not. */
export async function readCluster(patienceMs) {
  const nodes = (await readIfThere('nodes', patienceMs))?.items ?? null;
  return { nodes, cluster: nodes?.some(canTellOfDrains) ? await readIfThere('cluster', patienceMs) : null };
}

/** Has a node give away what it keeps. */
export function drain(node) {
  return call('POST', `nodes/${encodeURIComponent(node.id)}/drain`);
}

/** Has a node keep what it has, and take its share again. */
export function stopDraining(node) {
  return call('DELETE', `nodes/${encodeURIComponent(node.id)}/drain`);
}
