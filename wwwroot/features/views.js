// The views of the page, by the fragment of its address: #/files/images/ shows the folder images.

import { encodePath } from '../logic/files.js';

const names = { files: 'Files', rain: 'Rain', cluster: 'Cluster', deployments: 'Deployments', settings: 'Settings' };

/**
 * Shows the view that the address names, and follows it.
 * @param {Document} page
 * @param {(view: string, rest: string) => void} onShow Told what is shown, and what the address says further.
 */
export function createViews(page, onShow) {
  addEventListener('hashchange', () => show(true));

  return {
    start: () => show(false),
    current,
    go(view, rest = '') {
      const address = `#/${view}${rest === '' ? '' : `/${encodePath(rest)}`}`;
      if (location.hash !== address) {
        location.hash = address;
      }
    },
  };

  function current() {
    const [, view, rest] = /^#\/([a-z]+)\/?(.*)$/.exec(location.hash) ?? [null, 'files', ''];
    return names[view] ? { view, rest: decode(rest) } : { view: 'files', rest: '' };
  }

  function show(isMove) {
    // A fragment that is no view's is a place within the page.
    if (isMove && location.hash !== '' && !location.hash.startsWith('#/')) {
      return;
    }

    const { view, rest } = current();
    for (const section of page.querySelectorAll('.view')) {
      section.hidden = section.dataset.view !== view;
    }

    for (const link of page.querySelectorAll('.views a')) {
      if (link.dataset.view === view) {
        link.setAttribute('aria-current', 'page');
      } else {
        link.removeAttribute('aria-current');
      }
    }

    page.title = view === 'files' ? 'Pouring Rain' : `${names[view]} · Pouring Rain`;
    page.body.dataset.view = view;
    onShow(view, rest);
  }
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
