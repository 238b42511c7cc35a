// Checks of a page as it stands, run inside it: gives JSON, a list of what is wrong.

const wrong = [];
const interactive = 'a[href], button, input, select, textarea, summary, [tabindex]:not([tabindex="-1"])';
const scope = document.querySelector('dialog[open]') ?? document;

for (const element of scope.querySelectorAll(interactive)) {
  if (isShown(element)) {
    checkControl(element);
  }
}

checkContrast();
checkDocument();
return JSON.stringify(wrong);

function checkControl(element) {
  if (nameOf(element) === '') {
    wrong.push(`no name: ${describe(element)}`);
  }

  if (element.tabIndex > 0) {
    wrong.push(`a tabindex of its own: ${describe(element)}`);
  }

  // WCAG 2.2, 2.5.8: targets of 24 by 24 CSS pixels; links within text and scroll regions are exempt.
  const target = element.closest('label') ?? element;
  const box = target.getBoundingClientRect();
  if (!element.matches('a:not(.button), [role="region"]') && (box.width < 24 || box.height < 24)) {
    wrong.push(`a target of ${Math.round(box.width)} by ${Math.round(box.height)}: ${describe(element)}`);
  }
}

function nameOf(element) {
  const labelledBy = (element.getAttribute('aria-labelledby') ?? '').split(' ').map((id) => document.getElementById(id)?.textContent ?? '').join(' ').trim();
  const label = [...(element.labels ?? [])].map((each) => each.textContent).join(' ').trim();
  const own = element.matches('input, select, textarea') ? '' : [...element.childNodes].map((node) => node.textContent).join(' ').trim();
  return labelledBy || element.getAttribute('aria-label')?.trim() || label || own;
}

function checkContrast() {
  const walker = document.createTreeWalker(scope === document ? document.body : scope, NodeFilter.SHOW_TEXT);
  const seen = new Set();
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (walker.currentNode.textContent.trim() === '' || seen.has(element) || !isShown(element) || element.closest('.visually-hidden, script, style, noscript, svg, option')) {
      continue;
    }

    seen.add(element);
    measure(element, getComputedStyle(element).color, walker.currentNode.textContent.trim().slice(0, 30));
  }

  for (const input of scope.querySelectorAll('input[placeholder]')) {
    if (isShown(input)) {
      measure(input, getComputedStyle(input, '::placeholder').color, input.placeholder);
    }
  }
}

function measure(element, colour, text) {
  const style = getComputedStyle(element);
  const pixels = Number.parseFloat(style.fontSize);
  const isLarge = pixels >= 24 || (pixels >= 18.66 && Number(style.fontWeight) >= 700);
  const ground = groundOf(element);
  const ratio = contrast(over(rgba(colour), ground), ground);
  if (ratio < (isLarge ? 3 : 4.5)) {
    wrong.push(`contrast ${ratio.toFixed(2)}: “${text}” in ${describe(element)}`);
  }
}

/** What lies under an element: the backgrounds of its ancestors, from the first opaque one up. */
function groundOf(element) {
  const layers = [];
  for (let each = element; each; each = each.parentElement) {
    const colour = rgba(getComputedStyle(each).backgroundColor);
    layers.push(colour);
    if (colour[3] === 1) {
      break;
    }
  }

  return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
}

function rgba(colour) {
  const context = (rgba.canvas ??= new OffscreenCanvas(1, 1)).getContext('2d', { willReadFrequently: true });
  context.clearRect(0, 0, 1, 1);
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
  return [r, g, b, a / 255];
}

function over(top, below) {
  return [0, 1, 2].map((channel) => top[channel] * top[3] + below[channel] * (1 - top[3])).concat(1);
}

function contrast(a, b) {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour) {
  const [r, g, b] = colour.slice(0, 3).map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function checkDocument() {
  if (!document.documentElement.lang || !document.title) {
    wrong.push('the document has no language or no title');
  }

  for (const [selector, name] of [['main', 'main'], ['body > header', 'banner'], ['body > footer', 'footer'], ['h1', 'first heading']]) {
    if (document.querySelectorAll(selector).length !== 1) {
      wrong.push(`not one ${name} but ${document.querySelectorAll(selector).length}`);
    }
  }

  const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
  ids.filter((id, index) => ids.indexOf(id) !== index).forEach((id) => wrong.push(`id twice: ${id}`));
  for (const element of document.querySelectorAll('[aria-labelledby], [aria-describedby], [aria-controls], label[for]')) {
    const targets = ['aria-labelledby', 'aria-describedby', 'aria-controls', 'for'].flatMap((name) => (element.getAttribute(name) ?? '').split(' ')).filter((id) => id !== '');
    targets.filter((id) => !document.getElementById(id)).forEach((id) => wrong.push(`names ${id}, which is not there: ${describe(element)}`));
  }

  let level = 0;
  for (const heading of document.querySelectorAll('h1, h2, h3, h4, h5, h6')) {
    const next = Number(heading.tagName[1]);
    if (isShown(heading) && !heading.closest('dialog')) {
      if (next > level + 1) {
        wrong.push(`a heading of level ${next} after one of ${level}: ${heading.textContent}`);
      }

      level = next;
    }
  }

  for (const section of document.querySelectorAll('section, [role="region"], nav, table, [role="img"], dialog')) {
    const name = section.getAttribute('aria-label') || document.getElementById(section.getAttribute('aria-labelledby') ?? '')?.textContent || section.querySelector(':scope > caption')?.textContent;
    if (isShown(section) && !name?.trim()) {
      wrong.push(`no name: ${describe(section)}`);
    }
  }

  document.querySelectorAll('th:not([scope])').forEach((cell) => wrong.push(`a heading cell without scope: ${cell.textContent}`));
  document.querySelectorAll('svg:not([aria-hidden]):not([role])').forEach((svg) => wrong.push(`a picture neither named nor hidden: ${describe(svg)}`));
  if (document.querySelectorAll('[aria-live], [role="status"]').length === 0) {
    wrong.push('no live region');
  }

  if (document.documentElement.scrollWidth > innerWidth) {
    const widest = [...document.body.querySelectorAll('*')].filter((element) => element.getBoundingClientRect().right > innerWidth + 1 && !element.closest('.table-wrap, .visually-hidden')).at(0);
    wrong.push(`the page is ${document.documentElement.scrollWidth} wide in ${innerWidth}${widest ? `, by ${describe(widest)}` : ''}`);
  }
}

function isShown(element) {
  return element.checkVisibility({ visibilityProperty: true }) && element.getClientRects().length > 0;
}

function describe(element) {
  return `${element.tagName.toLowerCase()}${element.id ? `#${element.id}` : ''}${element.className?.length ? `.${String(element.className).trim().replaceAll(/\s+/g, '.')}` : ''}`;
}
