// What the gateway says of deployments.

import { shownDeployment } from '../logic/fleet.js';
import { readIfThere, redirected } from './api.js';

/**
 * Reads them: the newest first, the one that is shown (the one that was chosen, if it is there) with its machines, or `isElsewhere` where
 * the node that runs it knows of those alone; null where the gateway does not say, as an older one does not.
 */
export async function readDeployments(patienceMs, chosen = null) {
  const items = (await readIfThere('deployments', patienceMs))?.items ?? null;
  const shown = items && (items.find((one) => one.id === chosen) ?? shownDeployment(items));
  return { items, shown: shown && { ...shown, ...(await readMachines(shown, patienceMs)) } };
}

async function readMachines({ id }, patienceMs) {
  try {
    return await readIfThere(`deployments/${encodeURIComponent(id)}`, patienceMs);
  } catch (problem) {
    if (problem.status === redirected) {
      return { isElsewhere: true };
    }

    throw problem;
  }
}
