import { visible } from '../logic/text.js';
import { setText } from './dom.js';

/** Asks whether something is to be deleted; true when it is. */
export function confirmDelete(name) {
  return confirm('Delete this resource?', `“${name}” is forgotten here and by the other nodes. This cannot be undone.`, 'Delete');
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
  // Enter in the field is "Use it", not the form's first button.
  input.onkeydown = (event) => {
    if (event.key === 'Enter') {
      event.preventDefault();
      dialog.close('save');
    }
  };
  return ask(dialog, input).then((answer) => {
    const key = input.value.trim();
    input.value = '';
    if (answer === 'forget') {
      return null;
    }

    return answer === 'save' && key !== '' ? key : undefined;
  });
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
