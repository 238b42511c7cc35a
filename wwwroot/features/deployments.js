// Deployments: those there are, the machines of one of them, and asking for another.

import { announce } from '../components/dom.js';
import { createDeploymentList } from '../components/deployments.js';
import { askDeployment } from '../components/dialogs.js';
import { createFleet } from '../components/fleet.js';
import { calledRow } from '../logic/files.js';
import { call, postJson } from '../net/api.js';
import { readDeployments } from '../net/deployments.js';
import { attempt, every, takeWants } from './wants.js';

const pollMs = 2000;
const patienceMs = 4000;

/**
 * @param {Document} page
 * @param {object} needs `asOf()`; `nodes()`; `views`; `nameOf(id)` of a resource.
 */
export function createDeployments(page, { asOf, nodes, views, nameOf }) {
  const list = createDeploymentList(page.getElementById('deployments'), nameOf);
  const fleet = createFleet(page.getElementById('fleet'), nameOf);
  let seen = { items: null, shown: null };
  let chosen = null;
  takeWants({
    'selected-deploy': deploy,
    'deployment-show': (id) => {
      chosen = id;
      return refresh();
    },
    'deployment-stop': async (id) => {
      await call('DELETE', `deployments/${encodeURIComponent(id)}`);
      announce('The deployment is being stopped.');
      await refresh();
    },
  });
  every(pollMs, refresh);
  return { draw };

  async function refresh() {
    seen = await readDeployments(patienceMs, chosen);
    draw();
  }

  function draw() {
    const stale = asOf();
    list.update(seen.items, seen.shown?.id ?? null, stale);
    fleet.update(seen, nodes(), stale);
  }

  async function deploy(rows) {
    const zones = [...new Set((nodes() ?? []).map((node) => node.zone).filter((zone) => zone))].sort();
    const wanted = await askDeployment(rows.length === 1 ? calledRow(rows[0]) : `${rows.length} files`, zones);
    if (wanted === null) {
      return;
    }

    for (const row of rows) {
      await attempt(() => ask(row, wanted));
    }

    views.go('deployments');
    await refresh();
  }

  async function ask(row, wanted) {
    const made = await postJson('deployments', { resource: row.id, ...wanted });
    chosen = made?.id ?? chosen;
    announce(`${calledRow(row)} is being deployed.`);
  }
}
