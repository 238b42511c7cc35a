import { onSchemeChange, refreshScheme } from '../canvas/palette.js';
import { setAttribute } from './dom.js';

const order = ['auto', 'light', 'dark'];
const names = { auto: 'as the system', light: 'light', dark: 'dark' };

/** The button that goes through the colour schemes; the choice outlasts the page (theme.js reads it). */
export function setUpTheme(button) {
  const root = document.documentElement;
  const present = () => root.dataset.theme ?? 'auto';
  button.addEventListener('click', () => {
    const next = order[(order.indexOf(present()) + 1) % order.length];
    if (next === 'auto') {
      delete root.dataset.theme;
    } else {
      root.dataset.theme = next;
    }

    try {
      localStorage.setItem('theme', next);
    } catch {
      // Forbidden storage: the choice lasts as long as the page.
    }

    refreshScheme();
  });
  onSchemeChange(() => {
    const label = `Colours: ${names[present()]}`;
    setAttribute(button, 'aria-label', label);
    setAttribute(button, 'title', label);
    setAttribute(button.querySelector('use'), 'href', `#i-theme-${present()}`);
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', refreshScheme);
  refreshScheme();
}
