/** Asks whether something is to be deleted; true when it is. */
export function confirmDelete(name) {
  const dialog = document.getElementById('confirm');
  document.getElementById('confirm-title').textContent = 'Delete this resource?';
  document.getElementById('confirm-text').textContent = `“${name}” is forgotten here and by the other nodes. This cannot be undone.`;
  return ask(dialog).then((answer) => answer === 'yes');
}

/** Asks for the bearer key. @returns {Promise<string | null | undefined>} The key, null to forget it, undefined to leave it. */
export function askKey(text, canForget) {
  const dialog = document.getElementById('key-dialog');
  const input = document.getElementById('key-input');
  document.getElementById('key-text').textContent = text;
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

function ask(dialog, focus) {
  return new Promise((resolve) => {
    dialog.returnValue = '';
    dialog.addEventListener('close', () => resolve(dialog.returnValue), { once: true });
    dialog.showModal();
    focus?.focus();
  });
}
