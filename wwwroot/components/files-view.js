import { crumbsOf } from '../logic/files.js';
import { h, keyed, setAttribute, setText, want } from './dom.js';

/** The way to the folder that is shown. Fires `folder-open` with a path. */
export function createCrumbs(nav) {
  return {
    /** @param {string | null} folder Null where all are shown. */
    update(folder) {
      nav.hidden = folder === null;
      keyed(nav, folder === null ? [] : crumbsOf(folder), (crumb) => `at ${crumb.path}`, createCrumb, (part, crumb) => {
        part.path = crumb.path;
        setText(part, crumb.name);
        setAttribute(part, 'aria-current', crumb.path === folder ? 'location' : null);
      });
    },
  };

  function createCrumb() {
    return h('button', { type: 'button', class: 'crumb', onclick: (event) => want(event.currentTarget, 'folder-open', event.currentTarget.path) });
  }
}

/** An id that is not kept here may be somewhere in the rain. Fires `download` and `prefetch`. */
export function drawElsewhere(box, id) {
  box.hidden = id === null;
  if (id === null || box.dataset.id === id) {
    return;
  }

  box.dataset.id = id;
  const row = { id, path: null, name: `Resource ${id}`, isElsewhere: true };
  box.replaceChildren(
    h('p', {}, h('strong', { class: 'mono' }, id), ' is not kept here. Ask the rain for it:'),
    h('div', { class: 'row-buttons' },
      h('button', { type: 'button', class: 'button primary', onclick: () => want(box, 'download', row) }, 'Download'),
      h('button', { type: 'button', class: 'button', onclick: () => want(box, 'prefetch', row) }, 'Keep it here')));
}

/** What to say where there is nothing. */
export function emptyText(query, folder) {
  if (query !== '') {
    return 'Nothing here matches that.';
  }

  return folder ? 'There is nothing in this folder. Drop files here, and it is one.' : 'Nothing is kept here yet. Drop files or folders anywhere on the page.';
}
