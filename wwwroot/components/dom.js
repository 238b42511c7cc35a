// Building and updating elements. Text always goes in as text, with what cannot be seen made visible: names and addresses come from
// strangers.

import { visible } from '../logic/text.js';

const svgNamespace = 'http://www.w3.org/2000/svg';

/** Attributes that are read out or shown. */
const spoken = new Set(['aria-label', 'title', 'data-column', 'placeholder']);

/** Makes an element. Properties beginning with "on" are listeners, `class`, `role`, `aria-…`, `data-…` are attributes. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) {
      continue;
    }

    if (name.startsWith('on')) {
      element.addEventListener(name.slice(2), value);
    } else {
      element.setAttribute(name, value === true ? '' : shown(name, value));
    }
  }

  element.append(...children.flat().filter((child) => child !== null && child !== undefined).map((child) => (child instanceof Node ? child : visible(child, true))));
  return element;
}

/** An icon of the sprite in index.html. */
export function icon(name) {
  const svg = document.createElementNS(svgNamespace, 'svg');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(svgNamespace, 'use');
  use.setAttribute('href', `#i-${name}`);
  svg.append(use);
  return svg;
}

/** A button that is an icon; its name is said and shown as a tip. */
export function iconButton(name, label, onClick, extraClass = '') {
  return h('button', { type: 'button', class: `icon-button ${extraClass}`.trimEnd(), 'aria-label': label, title: label, onclick: onClick }, icon(name));
}

/** A cell of a table; its column's name goes before it where the table is too narrow for columns (styles/tables.css). */
export function cell(column, kind, ...children) {
  return h('td', { role: 'cell', class: kind || null, 'data-column': column }, ...children);
}

/** Sets text when it differs, so that nothing is laid out for nothing. */
export function setText(element, text) {
  const seen = visible(text, true);
  if (element.textContent !== seen) {
    element.textContent = seen;
  }
}

/** Sets an attribute when it differs; null takes it away. */
export function setAttribute(element, name, value) {
  if (value === null) {
    element.removeAttribute(name);
  } else if (element.getAttribute(name) !== shown(name, value)) {
    element.setAttribute(name, shown(name, value));
  }
}

/**
 * Makes a parent's children follow a list: one child an item, found again by key, made by `create(item)` and kept up by
 * `update(child, item)`. Children keep their place in the focus order and their state.
 */
export function keyed(parent, items, keyOf, create, update) {
  const wanted = new Map();
  for (const item of items) {
    let key = String(keyOf(item));
    while (wanted.has(key)) {
      // Two items of one name stay two children.
      key += '′';
    }

    wanted.set(key, item);
  }

  // What goes makes way first: what stays is not moved then, which would take the focus from it.
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  for (const [key, child] of old) {
    if (!wanted.has(key)) {
      child.dispatchEvent(new CustomEvent('removed'));
      child.remove();
    }
  }

  let at = parent.firstElementChild;
  for (const [key, item] of wanted) {
    let child = old.get(key);
    if (child === undefined) {
      child = create(item);
      child.dataset.key = key;
    }

    if (child === at) {
      at = at.nextElementSibling;
    } else {
      parent.insertBefore(child, at);
    }

    update(child, item);
  }
}

/** Says something to screen readers without moving the focus. */
export function announce(text) {
  document.getElementById('announce').textContent = visible(text, true);
}

/** Tells the application what somebody wants: an event that bubbles up to it. */
export function want(element, action, detail) {
  element.dispatchEvent(new CustomEvent(action, { bubbles: true, detail }));
}

function shown(name, value) {
  return spoken.has(name) ? visible(value, true) : String(value);
}
