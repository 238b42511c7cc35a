// One place where it is known whether the gateway answers; everything that shows figures asks it.

import { createLinkSign, timeOf } from '../components/link.js';
import { createLink, heard, isStale, linkState, streamed } from '../logic/link.js';
import { onLink } from '../net/api.js';

/** Follows the link to the gateway, and says in the head of the page and in the banner how it is. */
export function createConnection(page) {
  const sign = createLinkSign(page);
  const listeners = [];
  let link = createLink();
  onLink((status, title) => set(heard(link, status, title, Date.now())));

  return {
    /** When what is shown was so, if it may be so no more: '' when nothing was ever seen; null when it is of now. */
    asOf: () => (isStale(link) ? timeOf(link) ?? '' : null),
    state: () => linkState(link),
    heardAt: () => timeOf(link),
    /** Takes in how the event stream stands. */
    streamed: (state) => set(streamed(link, state, Date.now())),
    /** Sets who is told when figures turn stale, and when they are of now again: a function of whether they are stale. */
    onTurn: (listener) => listeners.push(listener),
  };

  function set(next) {
    const wasStale = isStale(link);
    link = next;
    sign.update(link);
    if (isStale(link) !== wasStale) {
      listeners.forEach((listener) => listener(!wasStale));
    }
  }
}
