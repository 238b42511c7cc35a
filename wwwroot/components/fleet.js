import { countsOf, deploymentText, machinesOf, machineText, progressOf } from '../logic/fleet.js';
import { nameOfNode, pageOf } from '../logic/cluster.js';
import { count, holdTogether } from '../logic/format.js';
import { h, keyed, setAttribute, setText } from './dom.js';
import { noteText } from './tables.js';

/** A deployment to a fleet: a cell a machine, filled as far as it is, coloured as it stands. */
export function createFleet(section, nameOf) {
  const note = section.querySelector('#fleet-note');
  const lead = section.querySelector('#fleet-lead');
  const elsewhere = section.querySelector('#fleet-elsewhere');
  const legend = section.querySelector('#fleet-legend');
  const grid = section.querySelector('#fleet-grid');

  return {
    /** @param {{items: object[] | null, shown: object | null}} seen @param {object[] | null} nodes @param {string | null} asOf When it is not heard. */
    update({ shown }, nodes, asOf) {
      section.hidden = shown === null;
      if (shown === null) {
        return;
      }

      setText(note, noteText(nameOf(shown.resource), asOf));
      setText(lead, holdTogether(deploymentText(shown)));
      drawElsewhere(shown, (nodes ?? []).find((node) => node.id === shown.runner));
      keyed(legend, countsOf(shown), (one) => one.state, createCount, (line, one) => setText(line.lastElementChild, `${one.state} ${count(one.count)}`));
      const machines = machinesOf(shown);
      const names = new Map((nodes ?? []).map((node) => [node.id, nameOfNode(node)]));
      grid.hidden = machines.length === 0;
      setAttribute(grid, 'aria-label', `${machines.length} machines: ${countsOf(shown).map((one) => `${one.count} ${one.state}`).join(', ')}`);
      keyed(grid, machines, (machine) => machine.node, createCell, (cell, machine) => updateCell(cell, machine, shown, names));
    },
  };

  /** Where the machines are shown, when another node runs it. */
  function drawElsewhere({ isElsewhere, runner }, node) {
    elsewhere.hidden = !isElsewhere;
    if (isElsewhere) {
      const name = node ? nameOfNode(node) : String(runner ?? '').slice(0, 8);
      const page = pageOf(node, 'deployments');
      keyed(elsewhere, [{ name, page }], (one) => `${one.name} ${one.page}`, createElsewhere, () => {});
    }
  }
}

function createElsewhere({ name, page }) {
  return h('span', {}, 'How far each machine is knows the node that runs it: ', page === null ? name : h('a', { href: page }, name), '.');
}

function createCount({ state }) {
  return h('li', {}, h('span', { class: 'fleet-cell', 'data-state': state, 'aria-hidden': 'true' }), h('span', {}));
}

function createCell() {
  return h('span', { class: 'fleet-cell' });
}

function updateCell(cell, machine, deployment, names) {
  setAttribute(cell, 'data-state', machine.state);
  setAttribute(cell, 'title', machineText(machine, deployment, names));
  const part = progressOf(machine, deployment).toFixed(2);
  if (cell.style.getPropertyValue('--part') !== part) {
    cell.style.setProperty('--part', part);
  }
}
