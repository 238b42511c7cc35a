// Colours of the canvases: the page's own variables, and one hue for each server.

const hues = [238, 182, 296, 142, 75, 20, 265, 205, 335, 108, 45, 165];
let dark = true;
let listeners = [];

/** Whether the dark scheme is in use. */
export function isDark() {
  return dark;
}

/** The colour of the n-th server: twelve hues chosen to be told apart, then the golden angle. */
export function serverColour(index) {
  const hue = index < hues.length ? hues[index] : (hues[index % hues.length] + 137.5 * Math.floor(index / hues.length)) % 360;
  const step = Math.floor(index / hues.length) % 3;
  return dark ? `oklch(${0.8 - step * 0.07} 0.115 ${hue})` : `oklch(${0.6 - step * 0.06} 0.135 ${hue})`;
}

/** A colour variable of the style sheet. */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Calls back when the scheme changes. @returns {() => void} Ends it. */
export function onSchemeChange(listener) {
  listeners.push(listener);
  return () => { listeners = listeners.filter((other) => other !== listener); };
}

/** Looks at the scheme again. */
export function refreshScheme() {
  dark = getComputedStyle(document.documentElement).getPropertyValue('--scheme').trim() === 'dark';
  for (const listener of listeners) {
    listener();
  }
}
