// The settings, and the links that were made: what is read when somebody looks.

import { confirmRevocation } from '../components/dialogs.js';
import { announce } from '../components/dom.js';
import { createLinkList, nameOfLink } from '../components/links.js';
import { createSettingsTable } from '../components/settings.js';
import { call, readIfThere } from '../net/api.js';
import { attempt, every, takeWants } from './wants.js';

const pollMs = 10_000;

/**
 * @param {Document} page
 * @param {object} needs `asOf()`.
 */
export function createSettings(page, { asOf }) {
  const table = createSettingsTable(page.getElementById('settings'));
  const links = createLinkList(page.getElementById('links'));
  let isShown = false;
  takeWants({ 'link-revoke': revoke });
  every(pollMs, async () => {
    if (isShown) {
      await read();
    }
  });

  return {
    show(isNow) {
      const wasShown = isShown;
      isShown = isNow;
      if (isNow && !wasShown) {
        attempt(read);
      }
    },
    draw() {
      table.stale(asOf());
    },
  };

  async function read() {
    const [settings, made] = await Promise.all(['settings', 'links'].map((path) => readIfThere(path)));
    table.update(settings?.items ?? [], asOf());
    links.update(made?.items ?? []);
  }

  async function revoke(link) {
    if (await confirmRevocation(nameOfLink(link))) {
      await call('DELETE', `links/${encodeURIComponent(link.id)}`);
      announce('The link is revoked.');
      await read();
      page.getElementById('links-title').focus();
    }
  }
}
