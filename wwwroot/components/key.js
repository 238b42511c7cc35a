import { currentKey, onKeyNeeded, setKey } from '../net/api.js';
import { askKey } from './dialogs.js';
import { announce } from './dom.js';

/** The key's buttons, and the question that a call asks which needs one. Calls `onChange` when there is another key, or none. */
export function setUpKey(buttons, onChange) {
  const mark = () => buttons[0].classList.toggle('on', currentKey() !== null);
  for (const button of buttons) {
    button.addEventListener('click', async () => {
      const key = await askKey('It is kept for this tab alone and sent with every call to this gateway.', currentKey() !== null);
      if (key !== undefined) {
        setKey(key);
        mark();
        announce(key === null ? 'The key is forgotten.' : 'The key is used from now on.');
        onChange();
      }
    });
  }

  onKeyNeeded(async (hadKey) => {
    const key = await askKey(hadKey ? 'This gateway did not accept the key. Another one?' : 'This gateway asks for a key.', hadKey);
    setTimeout(() => {
      mark();
      onChange();
    });
    return key;
  });
  mark();
}
