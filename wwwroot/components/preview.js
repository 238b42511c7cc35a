import { visible } from '../logic/text.js';
import { h, setText } from './dom.js';

/**
 * Shows a file. Strangers' bytes are shown as text, or by elements that run nothing of theirs; a PDF in a frame that its answer puts into a
 * sandbox (Content-Security-Policy): in one that the frame asks for no browser shows one.
 * @param {HTMLDialogElement} dialog
 * @param {{title: string, kind: string, note?: string, text?: string, address?: string}} shown
 * @returns {Promise<void>} Done when it is closed.
 */
export function showPreview(dialog, { title, kind, note = '', text = null, address = null }) {
  const body = dialog.querySelector('#preview-body');
  setText(dialog.querySelector('#preview-title'), title);
  setText(dialog.querySelector('#preview-note'), note);
  body.dataset.kind = kind;
  body.replaceChildren(text !== null ? createText(text) : createPicture(kind, address, title));
  return new Promise((resolve) => {
    dialog.onclose = () => {
      // What plays or loads ends with it.
      body.replaceChildren();
      resolve();
    };
    dialog.showModal();
  });
}

function createText(text) {
  const lines = h('pre', { class: 'document-text mono', tabindex: '0', role: 'region', 'aria-label': 'Text' });
  lines.textContent = text.split('\n').map((line) => visible(line)).join('\n');
  return lines;
}

function createPicture(kind, address, title) {
  switch (kind) {
    case 'image': return h('img', { src: address, alt: title });
    case 'pdf': return h('iframe', { src: address, title, referrerpolicy: 'no-referrer' });
    default: return h(kind, { src: address, controls: true, preload: 'metadata', 'aria-label': title });
  }
}
