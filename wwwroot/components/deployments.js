import { deploymentText, isUnderWay } from '../logic/fleet.js';
import { ago, count, holdTogether } from '../logic/format.js';
import { h, keyed, setAttribute, setText, want } from './dom.js';
import { noteText } from './tables.js';

const shownMax = 100;

/** The list of deployments, the newest first. Fires `deployment-show` and `deployment-stop` with an id. */
export function createDeploymentList(section, nameOf) {
  const note = section.querySelector('#deployments-note');
  const empty = section.querySelector('#deployments-empty');
  const list = section.querySelector('#deployment-list');
  return {
    /** @param {object[] | null} items Null where the gateway does not say. @param {string | null} shownId @param {string | null} asOf */
    update(items, shownId, asOf) {
      setText(note, noteText(items === null || items.length === 0 ? '' : count(items.length), asOf));
      empty.hidden = items === null || items.length > 0;
      keyed(list, (items ?? []).slice(0, shownMax), (one) => one.id, createLine, (line, one) => {
        const [open, text, stop] = line.children;
        setText(open, nameOf(one.resource));
        setAttribute(open, 'aria-pressed', String(one.id === shownId));
        setText(text, holdTogether([deploymentText(one), one.created ? `Asked for ${ago(one.created, Date.now())}.` : ''].join(' ').trim()));
        stop.hidden = !isUnderWay(one) || one.state === 'stopping';
        setAttribute(stop, 'aria-label', `Stop the deployment of ${nameOf(one.resource)}`);
      });
    },
  };

  function createLine(one) {
    return h('li', { class: 'deployment' },
      h('button', { type: 'button', class: 'link-button', onclick: () => want(list, 'deployment-show', one.id) }),
      h('p', {}),
      h('button', { type: 'button', class: 'button small', onclick: () => want(list, 'deployment-stop', one.id) }, 'Stop'));
  }
}
