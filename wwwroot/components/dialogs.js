import { nameWithin } from '../logic/files.js';
import { count } from '../logic/format.js';
import { visible } from '../logic/text.js';
import { setText } from './dom.js';

/** Asks whether one or more are to be deleted; true when they are. */
export function confirmDelete(names, number) {
  return number === 1
    ? confirm('Delete this file?', `${names} is forgotten here and by the other nodes. This cannot be undone.`, 'Delete')
    : confirm('Delete these files?', `${names} are forgotten here and by the other nodes. This cannot be undone.`, 'Delete', 'Keep them');
}

/** Asks whether all uploads are to be cancelled; true when they are. */
export function confirmCancellation(number) {
  return confirm(
    `Cancel ${count(number)} uploads?`, 'Those that go on and those that wait end, and what came of them goes. What is stored already stays.', 'Cancel them', 'Go on');
}

/** Asks whether what is named is to be archived; true when it is. */
export function confirmArchive(names) {
  return confirm(
    'Archive?', `Of ${names} coded pieces are made, on as many nodes as there are, and the replicas go. It is read as before, and can be turned back at any time.`,
    'Archive', 'Leave it');
}

/** Asks whether a link is to end now; true when it is. */
export function confirmRevocation(name) {
  return confirm('Revoke this link?', `Whoever has the link to “${name}” reads nothing by it any more.`, 'Revoke', 'Leave it');
}

/** Asks for another name. @returns {Promise<{verb: 'move' | 'copy', name: string} | null>} */
export async function askName(path) {
  const dialog = document.getElementById('rename');
  const input = document.getElementById('rename-input');
  input.value = path;
  enterMeans(dialog, input, 'move');
  const answer = ask(dialog, input);

  // Folder and ending mostly stay.
  const [start, end] = nameWithin(path);
  input.setSelectionRange(start, end);
  const verb = await answer;
  const name = input.value.trim().replace(/^\/+/, '');
  return (verb === 'move' || verb === 'copy') && name !== '' && name !== path ? { verb, name } : null;
}

/** Asks how something is to be deployed. @returns {Promise<object | null>} What a deployment is asked for with, but for the resource. */
export async function askDeployment(name, zones) {
  const dialog = document.getElementById('deploy');
  const [targets, mode, speed, waves] = ['targets', 'mode', 'rate', 'waves'].map((part) => document.getElementById(`deploy-${part}`));
  const form = dialog.querySelector('form');
  form.reset();
  [speed, waves].forEach((field) => enterMeans(dialog, field, 'deploy'));
  setText(document.getElementById('deploy-text'), `${name} is put onto machines, each of which reads back what it has and sends a receipt.`);
  targets.replaceChildren(new Option('all nodes', ''), ...zones.map((zone) => new Option(`the zone ${visible(zone)}`, zone)));
  if ((await ask(dialog, targets)) !== 'deploy') {
    return null;
  }

  const numbers = waves.value.split(',').map((part) => Number(part)).filter((wave) => wave > 0);
  return {
    targets: targets.value === '' ? 'all' : { zone: targets.value },
    mode: mode.value,
    ...(speed.value === '' ? {} : { rateBytesPerSecond: Math.round(Number(speed.value) * 1e6) }),
    ...(numbers.length > 0 ? { waves: numbers } : {}),
  };
}

/** Asks whether a server is to be removed; true when it is. */
export function confirmRemoval({ endpoint, origin }) {
  const returns = {
    file: 'It stays in servers.json: it is back when that file is edited or the gateway is started again.',
    peer: 'It had made itself known; it is back when it does so again.',
    api: 'It was added by hand, and does not come back by itself.',
  };
  return confirm('Remove this server?', `${endpoint} is asked no more. ${returns[origin] ?? ''}`.trimEnd(), 'Remove');
}

/** Asks whether a node is to give away what it keeps; true when it is. */
export function confirmDrain(name) {
  return confirm(
    'Drain this node?', `${name} gives what it keeps to the other nodes; when it is empty it may be switched off. This can be stopped at any time, and the node takes its share again.`,
    'Drain it', 'Leave it');
}

/** Shows a document that a link cannot lead to, since a browser follows links without the key. */
export function showDocument(title, text, fileName) {
  const shownMax = 200000;
  const dialog = document.getElementById('document');
  const isCut = text.length > shownMax;
  setText(document.getElementById('document-title'), title);
  setText(document.getElementById('document-note'), isCut ? 'This is its beginning; the file has all of it.' : '');
  document.getElementById('document-text').textContent = text.slice(0, shownMax).split('\n').map((line) => visible(line)).join('\n');
  const link = document.getElementById('document-save');
  const address = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  link.href = address;
  link.download = fileName;
  return ask(dialog).then(() => URL.revokeObjectURL(address));
}

function confirm(title, text, verb, no = 'Keep it') {
  const dialog = document.getElementById('confirm');
  setText(document.getElementById('confirm-title'), title);
  setText(document.getElementById('confirm-text'), text);
  setText(dialog.querySelector('[value=yes]'), verb);
  setText(dialog.querySelector('[value=no]'), no);
  return ask(dialog).then((answer) => answer === 'yes');
}

/** Asks for the bearer key. @returns {Promise<string | null | undefined>} The key, null to forget it, undefined to leave it. */
export function askKey(text, canForget) {
  const dialog = document.getElementById('key-dialog');
  const input = document.getElementById('key-input');
  setText(document.getElementById('key-text'), text);
  document.getElementById('key-forget').hidden = !canForget;
  input.value = '';
  enterMeans(dialog, input, 'save');
  return ask(dialog, input).then((answer) => {
    const key = input.value.trim();
    input.value = '';
    if (answer === 'forget') {
      return null;
    }

    return answer === 'save' && key !== '' ? key : undefined;
  });
}

/** Enter in a field is not the form's first button. */
function enterMeans(dialog, input, answer) {
  input.onkeydown = (event) => {
    if (event.key === 'Enter') {
      event.preventDefault();
      if (input.form.reportValidity()) {
        dialog.close(answer);
      }
    }
  };
}

/** What waits for a dialog's answer: a dialog that is opened again before its last close was told gives that one none. */
const waiting = new WeakMap();

function ask(dialog, focus) {
  return new Promise((resolve) => {
    waiting.get(dialog)?.('');
    waiting.set(dialog, resolve);
    dialog.onclose = () => {
      if (!dialog.open) {
        resolve(dialog.returnValue);
      }
    };
    dialog.returnValue = '';
    dialog.showModal();
    focus?.focus();
  });
}
