import { isStale, linkState, linkWarning, linkWord } from '../logic/link.js';
import { setText } from './dom.js';

/** The word in the head of the page, and the banner that says when what is shown may be so no more. */
export function createLinkSign(page) {
  const sign = page.querySelector('#link-state');
  const banner = page.querySelector('#link-banner');
  const keyButton = page.querySelector('#link-key');
  return {
    update(link) {
      const warning = linkWarning(link, timeOf(link));
      sign.dataset.state = linkState(link);
      setText(sign.querySelector('#link-text'), linkWord(link));
      document.documentElement.classList.toggle('stale', isStale(link));
      banner.hidden = warning === null;
      if (warning !== null) {
        keyButton.hidden = !warning.asksKey;
        setText(banner.querySelector('.notice-title'), warning.title);
        setText(banner.querySelector('.banner-detail'), warning.detail);
      }
    },
  };
}

/** When the gateway was last heard, in words; null when it never was. */
export function timeOf({ heardAtMs }) {
  return heardAtMs === null ? null : new Date(heardAtMs).toLocaleTimeString('en', { hour12: false });
}
