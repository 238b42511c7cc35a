import { createDroplets, dropletScale } from '../canvas/droplets.js';
import { createField } from '../canvas/field.js';
import { everyFrame, fit } from '../canvas/frames.js';
import { colour, onSchemeChange, serverColour } from '../canvas/palette.js';
import { createStream, windowMs } from '../canvas/stream.js';
import { explain, isFailure, shares } from '../logic/explain.js';
import { brief, count, duration, holdTogether, percent, rate, size, words } from '../logic/format.js';
import { companyText, heldShare, isInCompany, namings, roleName } from '../logic/swarm.js';
import { bestRtt, byteRate, isRunning, lossOf, progress, ratesAt, sourceRate, timeLeft } from '../logic/transfers.js';
import { cell, h, iconButton, keyed, setAttribute, setText, want } from './dom.js';
import { stateKind } from './tables.js';

const skyHeight = 112;
const nozzleY = 26;
const streamHeight = 110;
const fieldHeightMax = 300;
const columns = ['Server', 'State', 'Role', 'Rate', 'Share', 'Droplets', 'Lost', 'Round trip', 'Holds', 'Given'];
const companyColumns = new Set(['Role', 'Holds', 'Given']);
const firstFigure = 3;
const roleMarks = { seeder: '◆', peer: '↓', bothWays: '⇅' };
const roleKey = '◆\u00a0holds all, ↓\u00a0gives, ⇅\u00a0both ways; a bar is as long as what it holds. What rises is given.';
/** Bytes of a droplet of the usual symbols. */
const dropletBytes = 1434;
const stateChips = { raining: 'good', completed: 'good', discovering: 'plain', cancelled: 'plain' };

/**
 * The live view of one transfer, and what explains it once it has ended. Fires `transfer-close` and `transfer-stop` with its number.
 * @returns {HTMLElement} An element with `show(record, {name, canStop, isStopping, asOf})`.
 */
export function createTransferCard(record) {
  const titleId = `transfer-${record.id}-title`;
  const skyCanvas = h('canvas', { class: 'ground' });
  const fieldCanvas = h('canvas', { class: 'field' });
  const airCanvas = h('canvas', { class: 'air' });
  const streamCanvas = h('canvas', {});
  const gauges = ['Verified', 'Rate', 'Loss', 'Round trip', 'Overhead', 'Left'].map((name) => ({ name, value: h('dd', {}, '–') }));
  const chip = h('span', { class: 'chip' });
  const title = h('h3', { id: titleId, tabindex: '-1' });
  const facts = h('p', { class: 'transfer-facts' });
  const verdict = h('p', { class: 'verdict' });
  const bar = h('progress', { max: 1, value: 0, 'aria-label': 'Verified blocks' });
  const picture = h('div', { class: 'sky', role: 'img' }, skyCanvas, fieldCanvas, airCanvas);
  const company = h('p', { class: 'company', hidden: true });
  const legend = h('p', { class: 'legend' });
  const scaleTop = h('span', { class: 'scale-top' });
  const scaleFrom = h('span', {}, `${windowMs / 1000} s ago`);
  const scaleTo = h('span', {}, 'now');
  const stream = h('div', { class: 'stream' }, h('p', { class: 'stream-title' }, h('span', {}, 'Droplets a second, by server'), scaleTop), h('div', { class: 'stream-picture', role: 'img' }, streamCanvas), h('p', { class: 'scale-time', 'aria-hidden': 'true' }, scaleFrom, scaleTo));
  const shareBar = h('div', { class: 'shares', 'aria-hidden': 'true' });
  const explanation = h('div', { class: 'explain', hidden: true });
  const body = h('tbody', { role: 'rowgroup' });
  const stopButton = h('button', { type: 'button', class: 'button small', onclick: () => want(card, 'transfer-stop', record.id) }, 'Stop');
  const closeButton = iconButton('close', 'Close this transfer', () => want(card, 'transfer-close', record.id));
  const card = h('article', { class: 'transfer', 'aria-labelledby': titleId },
    h('div', { class: 'transfer-head' }, h('div', { class: 'transfer-name' }, title, facts), chip, stopButton, closeButton),
    h('dl', { class: 'gauges' }, ...gauges.map(({ name, value }) => h('div', {}, h('dt', {}, name), value))),
    verdict, bar, explanation, company, picture, legend, stream, shareBar,
    h('div', { class: 'table-wrap sources', role: 'region', 'aria-label': 'Servers of this transfer', tabindex: '0' },
      h('table', { role: 'table' },
        h('caption', { class: 'visually-hidden' }, 'The servers that take part in this transfer'),
        h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, ...columns.map((name, index) => h('th', { scope: 'col', role: 'columnheader', class: classOf(name, index) }, name)))),
        body)));

  const field = createField(fieldCanvas);
  const droplets = createDroplets(airCanvas);
  const flow = createStream(streamCanvas);
  let current = record;
  let width = 0;
  let rates = new Float64Array(4);
  let scale = 1;
  let nozzles = 0;
  let shownTop = 0;
  let isVisible = true;
  let wasRunning = isRunning(record.latest);

  const sizes = new ResizeObserver(() => resize());
  const sight = new IntersectionObserver((entries) => { isVisible = entries.at(-1).isIntersecting; });
  sizes.observe(picture);
  sight.observe(card);
  const stopFrames = everyFrame(draw);
  const stopScheme = onSchemeChange(recolour);
  card.addEventListener('removed', () => {
    stopFrames();
    stopScheme();
    sizes.disconnect();
    sight.disconnect();
  });

  card.show = show;
  return card;

  function show(next, { name, canStop, isStopping, asOf }) {
    current = next;
    const { latest } = next;
    const runs = isRunning(latest);
    const isUnheard = runs && asOf !== null;
    field.update(latest, performance.now());
    setText(title, name);
    setText(facts, factsOf(latest, name));
    setText(chip, isUnheard ? 'not heard of' : runs && isStopping ? 'stopping' : words(latest.state));
    setAttribute(chip, 'data-kind', isUnheard ? 'plain' : stateChips[latest.state] ?? 'bad');
    const gaugeTexts = [
      percent(progress(latest)),
      isUnheard ? '–' : rate(byteRate(next)),
      percent(lossOf(latest)),
      duration(bestRtt(latest)),
      overheadOf(latest, runs),
      isUnheard ? '–' : runs ? duration(timeLeft(next)) : duration(latest.elapsedMs),
    ];
    gauges.forEach(({ value }, index) => setText(value, gaugeTexts[index]));
    setText(gauges[5].value.previousElementSibling, runs ? 'Left' : 'Took');
    setText(verdict, isUnheard ? `As of ${asOf}: ${latest.verdict ?? ''}` : latest.verdict ?? '');
    bar.value = progress(latest);
    stopButton.hidden = !canStop || isStopping || !runs;
    closeButton.hidden = runs;
    showSources(latest, next);
    showExplanation(latest, runs);
    const rained = latest.sources.filter((source) => source.droplets > 0).length;
    const there = companyText(latest);
    setText(company, there);
    company.hidden = there === '';
    card.classList.toggle('in-company', isInCompany(latest));
    setAttribute(picture, 'aria-label', `${count(latest.decodedBlocks)} of ${count(latest.blocks)} blocks are verified; ${count(rained)} of ${count(latest.sources.length)} servers rain.${there === '' ? '' : ` ${there}.`}`);
    setAttribute(stream.querySelector('[role=img]'), 'aria-label', `The rate of each server as a band; the table below has the figures.`);
    card.dataset.servers = String(rained);
    card.dataset.verified = String(latest.decodedBlocks);
    if (nozzles !== Math.max(1, next.endpoints.length) || there !== '') {
      paintSky();
    }

    if (runs !== wasRunning || field.height !== picture.fieldHeight) {
      wasRunning = runs;
      resize(true);
    }
  }

  function showSources(latest, next) {
    const share = new Map(shares(latest).map((item) => [item.endpoint, item.share]));
    keyed(body, latest.sources, (source) => source.endpoint, createSourceRow, (row, source) => {
      const [, state, role, speed, part, came, lost, rtt, holds, given] = row.children;
      row.firstElementChild.firstElementChild.style.setProperty('--swatch', serverColour(next.endpoints.indexOf(source.endpoint)));
      setText(state.firstElementChild, words(source.state ?? ''));
      setAttribute(state.firstElementChild, 'data-kind', stateKind(source.state));
      setText(role, roleName(source));
      setText(holds, percent(heldShare(latest, source)));
      setText(given, size(source.givenBytes));
      setText(speed, rate(sourceRate(next, source)));
      setText(part, percent(share.get(source.endpoint)));
      setText(came, count(source.droplets));
      setText(lost, percent(source.lost + source.droplets > 0 ? source.lost / (source.lost + source.droplets) : 0));
      setText(rtt, duration(source.rttMs));
    });
    keyed(shareBar, shares(latest).filter((item) => item.share > 0), (item) => item.endpoint, () => h('span'), (part, item) => {
      part.style.setProperty('--swatch', serverColour(next.endpoints.indexOf(item.endpoint)));
      part.style.flexGrow = String(Math.round(item.share * 10000));
    });
  }

  function createSourceRow(source) {
    return h('tr', { role: 'row' },
      h('th', { scope: 'row', role: 'rowheader', class: 'mono' }, h('span', { class: 'swatch', 'aria-hidden': 'true' }), source.endpoint),
      cell('', '', h('span', { class: 'state' })),
      ...columns.slice(2).map((name, index) => cell(name, classOf(name, index + 2))));
  }

  function showExplanation(latest, runs) {
    explanation.hidden = runs;
    verdict.hidden = !runs;
    card.classList.toggle('ended', !runs);
    card.classList.toggle('failed', isFailure(latest));
    if (!runs) {
      keyed(explanation, explain(latest), (item) => item.term, (item) => h('div', { class: 'explain-item' }, h('h4', {}, item.term), h('p')), (element, item) => setText(element.lastElementChild, holdTogether(item.text)));
      explanation.classList.toggle('error', isFailure(latest));
    }
  }

  function resize(force = false) {
    const across = Math.floor(picture.clientWidth);
    if (across <= 0 || (across === width && !force)) {
      return;
    }

    width = across;
    field.resize(width, fieldHeightMax);
    const top = isRunning(current.latest) ? skyHeight : 0;
    picture.fieldHeight = field.height;
    fieldCanvas.style.top = `${top}px`;
    picture.style.height = `${top + field.height}px`;
    droplets.resize(width, top + Math.max(1, field.height), nozzleY);
    flow.resize(width, streamHeight);
    paintSky();
    const hasFlow = isRunning(current.latest) || current.samples.length > 3;
    stream.hidden = !hasFlow;
    legend.hidden = !isRunning(current.latest);
    if (!isRunning(current.latest) && hasFlow) {
      flow.drawWhole(current);
      setText(scaleFrom, 'begin');
      setText(scaleTo, 'end');
      setText(scaleTop, `up to ${brief(flow.top)}`);
    }
  }

  /** The nozzles, with the servers' names where there is room. */
  function paintSky() {
    nozzles = Math.max(1, current.endpoints.length);
    skyCanvas.hidden = !isRunning(current.latest);
    const context = width > 0 && !skyCanvas.hidden ? fit(skyCanvas, width, skyHeight) : null;
    if (context === null) {
      return;
    }

    context.clearRect(0, 0, width, skyHeight);
    const each = width / nozzles;
    const inCompany = isInCompany(current.latest);
    const sources = new Map(current.latest.sources.map((source) => [source.endpoint, source]));
    const names = inCompany ? namings(current.endpoints) : [current.endpoints];
    context.textAlign = 'center';
    context.font = '11px "JetBrains Mono", "SF Mono", Consolas, "DejaVu Sans Mono", monospace';
    current.endpoints.forEach((endpoint, index) => {
      const x = droplets.nozzleX(index, nozzles);
      const half = each * 0.46;
      const source = sources.get(endpoint);
      const held = inCompany && source ? heldShare(current.latest, source) ?? 1 : 1;
      context.strokeStyle = serverColour(index);
      context.lineCap = 'round';
      paintNozzle(context, x - half, x + half, held < 1 ? 0.25 : 1);
      if (held > 0 && held < 1) {
        paintNozzle(context, x - half, x - half + 2 * half * held, 1);
      }

      const mark = roleMarks[source?.role] ?? '';
      const label = names.map((naming) => `${mark} ${naming[index]}`.trim()).find((text) => context.measureText(text).width < each - 4);
      context.fillStyle = colour('--muted');
      context.fillText(label ?? mark, x, 12);
    });
  }

  function paintNozzle(context, from, to, alpha) {
    context.globalAlpha = alpha;
    context.lineWidth = 2.5;
    context.beginPath();
    context.moveTo(from, nozzleY - 5);
    context.lineTo(to, nozzleY - 5);
    context.stroke();
    context.globalAlpha = 1;
  }

  function draw(now) {
    if (!isVisible || width === 0) {
      return;
    }

    field.draw(now);
    const servers = current.endpoints.length;
    if (rates.length < servers) {
      rates = new Float64Array(servers + 8);
    }

    const runs = isRunning(current.latest);
    if (!runs) {
      return;
    }

    ratesAt(current, now - 200, rates);
    const lost = current.samples.at(-1)?.lostRates ?? [];
    const given = (current.samples.at(-1)?.givenRates ?? []).map((bytes) => bytes / dropletBytes);
    let total = 0;
    for (let server = 0; server < servers; server++) {
      total += rates[server] + (given[server] ?? 0);
    }

    const wanted = dropletScale(total);
    if (wanted > scale || wanted * 4 <= scale) {
      scale = wanted;
    }

    setText(legend, total === 0 ? 'No droplet is in the air.' : `${scale === 1 ? 'Every droplet is drawn' : `One drawn droplet is ${count(scale)} real ones`}; the lost fade on the way. The first block lies at the bottom left.${isInCompany(current.latest) ? ` ${roleKey}` : ''}`);
    droplets.draw(now, rates, lost, given, servers, scale, field, skyHeight);
    flow.draw(current, now);
    if (shownTop !== flow.top) {
      shownTop = flow.top;
      setText(scaleTop, `up to ${brief(shownTop)}`);
    }
  }

  function recolour() {
    field.recolour();
    droplets.recolour();
    flow.recolour();
    resize(true);
    for (const row of body.children) {
      row.firstElementChild.firstElementChild.style.setProperty('--swatch', serverColour(current.endpoints.indexOf(row.dataset.key)));
    }
  }
}

/** Figures stand to the right; what is about the company is shown where there is one. */
function classOf(name, index) {
  return [index >= firstFigure ? 'num' : '', companyColumns.has(name) ? 'company-only' : ''].filter((one) => one !== '').join(' ') || null;
}

/** Droplets per symbol needed; of blocks that still come it says nothing yet when it is below one. */
function overheadOf(latest, runs) {
  return latest.symbolsNeeded > 0 && (!runs || latest.overhead >= 1) ? `×${latest.overhead.toFixed(3)}` : '–';
}

function factsOf(latest, name) {
  const facts = [name.includes(latest.resource) ? null : `id ${latest.resource}`, latest.length === null || latest.length === undefined ? null : `${size(latest.receivedBytes)} of ${size(latest.length)}`, latest.blocks > 0 ? `${count(latest.decodedBlocks)} of ${count(latest.blocks)} blocks` : null, `transfer ${latest.id}`];
  return facts.filter((fact) => fact).join('\u00a0· ');
}
