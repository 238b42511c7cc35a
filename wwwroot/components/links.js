import { count } from '../logic/format.js';
import { h, keyed, setText, want } from './dom.js';

/** The links that anybody can read a file by. Fires `link-revoke` with the link. */
export function createLinkList(section) {
  const list = section.querySelector('#link-list');
  const note = section.querySelector('#links-note');
  const empty = section.querySelector('#links-empty');
  return {
    update(links) {
      setText(note, links.length === 0 ? '' : count(links.length));
      empty.hidden = links.length > 0;
      keyed(list, links, (link) => link.id, createLine, (line, link) => {
        const [name, text] = line.children;
        line.link = link;
        setText(name, nameOfLink(link));
        setText(text, `until ${new Date(link.expires).toLocaleString()}${link.once ? (link.used ? ', for one download, which has begun' : ', for one download') : ''}`);
      });
    },
  };

  function createLine(link) {
    const line = h('li', {},
      h('bdi', {}), h('span', { class: 'hint' }),
      h('button', { type: 'button', class: 'button small', 'aria-label': `Revoke the link to ${nameOfLink(link)}`, onclick: () => want(line, 'link-revoke', line.link) }, 'Revoke'));
    return line;
  }
}

/** What a link leads to. */
export function nameOfLink({ path, resource }) {
  return path ?? `Resource ${resource}`;
}
