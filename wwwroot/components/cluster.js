import {
  aloneText, canDrain, clusterNote, copiesWanted, drainText, etcdText, failuresOf, fillOf, isAlone, nameOfNode, nodeKind, nodeState, objectStoreText, orderedNodes, rateOf, repairText,
  scrubText, stateText, survivesText,
} from '../logic/cluster.js';
import { holdTogether, percent, rate, size } from '../logic/format.js';
import { cell, h, keyed, setAttribute, setText, want } from './dom.js';
import { noteText } from './tables.js';

const failedCountMax = 20;
const nodeCountMax = 500;

/** The cluster as this node sees it. Fires `node-drain` and `node-drain-stop` with the node. */
export function createCluster(section) {
  const note = section.querySelector('#cluster-note');
  const lead = section.querySelector('#cluster-lead');
  const facts = section.querySelector('#cluster-facts');
  const wrap = section.querySelector('.table-wrap');
  const body = section.querySelector('tbody');
  const drains = section.querySelector('#cluster-drains');
  const failed = section.querySelector('#cluster-failed');
  const failedTitle = section.querySelector('#cluster-failed-title');

  return {
    /** @param {{cluster: object | null, nodes: object[] | null}} seen Null for what the gateway does not say. @param {string | null} asOf When it is not heard. */
    update({ cluster, nodes }, servers, asOf) {
      section.hidden = nodes === null;
      if (nodes === null) {
        return;
      }

      const alone = isAlone(nodes);
      setText(note, noteText(alone ? '' : clusterNote(cluster, nodes), asOf));
      setText(lead, alone ? aloneText(cluster) : survivesText(cluster));
      lead.hidden = lead.textContent === '';
      setAttribute(lead, 'class', alone ? 'hint' : 'cluster-lead');
      keyed(facts, factsOf(cluster, alone), (fact) => fact.term, createFact, updateFact);
      facts.hidden = facts.childElementCount === 0;
      wrap.hidden = alone;
      keyed(body, alone ? [] : orderedNodes(nodes).slice(0, nodeCountMax), (node) => node.id, createRow, (row, node) => updateRow(row, node, servers));
      keyed(drains, nodes.filter((node) => node.drain), (node) => node.id, () => h('li'), (line, node) => setText(line, holdTogether(`${nameOfNode(node)}: ${drainText(node.drain)}`)));
      drains.hidden = drains.childElementCount === 0;
      const failures = failuresOf(cluster).slice(0, failedCountMax);
      failedTitle.hidden = failures.length === 0;
      failed.hidden = failures.length === 0;
      keyed(failed, failures, (failure) => failure.id, createFailure, (line, failure) => setText(line.lastElementChild, failure.reason));
    },
  };

  function factsOf(cluster, alone) {
    if (!cluster) {
      return [];
    }

    return [
      alone ? null : { term: 'Copies', text: copiesWanted(cluster), kind: cluster.underReplicated > 0 ? 'bad' : 'good' },
      alone || !cluster.repair ? null : { term: 'Repair', text: repairText(cluster.repair), kind: cluster.repair.failed?.length > 0 ? 'bad' : 'good' },
      !alone && cluster.scrub ? { term: 'Scrub', text: scrubText(cluster.scrub), kind: cluster.scrub.bad > 0 ? 'bad' : 'good' } : null,
      cluster.etcd ? { term: 'etcd', ...etcdText(cluster.etcd) } : null,
      cluster.objectStore ? { term: 'Object store', ...objectStoreText(cluster.objectStore) } : null,
    ].filter((fact) => fact !== null);
  }

  function createFact({ term }) {
    return h('div', {}, h('dt', { class: 'state' }, term), h('dd'));
  }

  function updateFact(line, { text, kind }) {
    setAttribute(line.firstElementChild, 'data-kind', kind);
    setText(line.lastElementChild, holdTogether(text));
  }

  function createRow() {
    return h('tr', { role: 'row' },
      h('th', { scope: 'row', role: 'rowheader', class: 'mono' }),
      cell('', '', h('span', { class: 'state' })),
      cell('Zone', ''), cell('Full', 'num'), cell('Rate', 'num'),
      cell('', 'end', h('button', {
        type: 'button',
        class: 'button small',
        onclick: (event) => {
          const { node } = event.currentTarget.closest('tr');
          want(event.currentTarget, node.drain ? 'node-drain-stop' : 'node-drain', node);
        },
      })));
  }

  function updateRow(row, node, servers) {
    row.node = node;
    const [name, state, zone, full, speed, action] = row.children;
    const called = nameOfNode(node);
    setText(name, called);
    setAttribute(name, 'title', `Node ${node.id}`);
    setText(state.firstElementChild, holdTogether(stateText(node, Date.now())));
    setAttribute(state.firstElementChild, 'data-kind', nodeKind(nodeState(node)));
    setText(zone, node.zone ?? '–');
    const fill = fillOf(node);
    setText(full, fill === null ? '–' : `${percent(fill)} of ${size(node.bytes + node.freeBytes)}`);
    const comes = rateOf(node, servers);
    setText(speed, comes === null ? '–' : rate(comes));
    const button = action.firstElementChild;
    button.hidden = !node.drain && !canDrain(node);
    setText(button, node.drain ? 'Stop' : 'Drain');
    setAttribute(button, 'aria-label', node.drain ? `Stop draining ${called}` : `Drain ${called}`);
  }

  function createFailure({ id }) {
    return h('li', {}, h('span', { class: 'mono' }, id), ' ', h('span', {}));
  }
}
