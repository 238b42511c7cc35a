import { Problem } from '../net/api.js';
import { tell } from './notices.js';

/** Puts a line on the clipboard. */
export async function copy(line) {
  try {
    await navigator.clipboard.writeText(line);
  } catch {
    // Without a secure context there is no clipboard object; the old way still works.
    const area = document.createElement('textarea');
    area.value = line;
    area.setAttribute('aria-hidden', 'true');
    area.className = 'visually-hidden';
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    if (!done) {
      throw new Problem({ title: 'The line could not be copied', detail: line });
    }
  }

  tell('Copied', line);
}
