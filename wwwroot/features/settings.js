// The settings, and the links that were made: what is read when somebody looks.

import { confirmRevocation } from '../components/dialogs.js';
import { announce } from '../components/dom.js';
import { createLinkList } from '../components/links.js';
import { createSettingsTable } from '../components/settings.js';
import { call, callJson, lacks } from '../net/api.js';
import { attempt, takeWants } from './wants.js';

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
  setInterval(() => {
    if (isShown && !page.hidden) {
      read().catch(() => {});
    }
  }, pollMs);

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
    const [settings, made] = await Promise.all(['settings', 'links'].map((path) => callJson('GET', path, { background: true, mayLack: true }).catch((problem) => {
      if (lacks(problem)) {
        return null;
      }

      throw problem;
    })));
    table.update(settings?.items ?? [], asOf());
    links.update(made?.items ?? []);
  }

  async function revoke(link) {
    if (await confirmRevocation(link)) {
      await call('DELETE', `links/${encodeURIComponent(link.id)}`);
      announce('The link is revoked.');
      await read();
      page.getElementById('links-title').focus();
    }
  }
}
