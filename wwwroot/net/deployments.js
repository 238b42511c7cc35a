// What the gateway says of deployments.

import { shownDeployment } from '../logic/fleet.js';
import { readIfThere } from './api.js';

/** Reads them: the newest first, the one that is shown (the one that was chosen, if it is there) with its machines; null where the gateway does not say, as an older one does not. */
export async function readDeployments(patienceMs, chosen = null) {
  const items = (await readIfThere('deployments', patienceMs))?.items ?? null;
  const shown = items && (items.find((one) => one.id === chosen) ?? shownDeployment(items));
  return { items, shown: shown && { ...shown, ...(await readIfThere(`deployments/${encodeURIComponent(shown.id)}`, patienceMs)) } };
}
