import { count, duration, holdTogether, percent, rate, size } from '../logic/format.js';
import { isolate } from '../logic/text.js';
import { canPause, isOver, shownOf, summary } from '../logic/uploads.js';
import { h, iconButton, keyed, setAttribute, setText, want } from './dom.js';

/**
 * The list of uploads and its head. Fires `upload-cancel`, `upload-dismiss`, `upload-pause`, `upload-resume`, `upload-retry` and
 * `upload-replace` with the key; `uploads-clear`, `uploads-pause`, `uploads-resume`, `uploads-retry`, `uploads-replace` and `uploads-cancel`
 * (with how many) for all.
 * @param {HTMLElement} tray
 */
export function createTray(tray) {
  const list = tray.querySelector('#uploads');
  const rest = tray.querySelector('#uploads-rest');
  const [title, replace, retry, pause, cancel, clear, fold] = ['title', 'replace', 'retry', 'pause', 'cancel', 'clear', 'fold']
    .map((name) => tray.querySelector(`#tray-${name}`));
  let wasEmpty = true;
  let cancellable = 0;
  retry.addEventListener('click', () => want(tray, 'uploads-retry'));
  cancel.addEventListener('click', () => want(tray, 'uploads-cancel', cancellable));
  replace.addEventListener('click', () => want(tray, 'uploads-replace'));
  pause.addEventListener('click', () => want(tray, pause.dataset.resumes ? 'uploads-resume' : 'uploads-pause'));
  clear.addEventListener('click', () => want(tray, 'uploads-clear'));
  fold.addEventListener('click', () => setFolded(!list.hidden));

  return {
    update(queue) {
      const all = summary(queue);
      tray.hidden = queue.items.length === 0;
      if (wasEmpty && !tray.hidden) {
        // What waits for a file of its own is no news; on a small machine it would cover half of the page.
        setFolded(all.open + all.over === 0 && matchMedia('(max-width: 640px)').matches);
      }

      wasEmpty = tray.hidden;
      setText(title, titleOf(all));
      replace.hidden = all.asking < 2;
      retry.hidden = all.again < 2;
      pause.hidden = all.pausable + all.paused < 2;
      pause.dataset.resumes = all.pausable === 0 ? 'true' : '';
      setText(pause, all.pausable === 0 ? 'Go on with all' : 'Pause all');
      cancellable = all.cancellable;
      cancel.hidden = cancellable < 2;
      clear.hidden = all.over === 0;
      const shown = shownOf(queue);
      rest.hidden = list.hidden || shown.length === queue.items.length;
      setText(rest, `${count(shown.length)} of ${count(queue.items.length)} are shown: what goes on, what needs you, what comes next, and what ended last.`);
      keyed(list, shown, (item) => item.key, createRow, updateRow);
    },
  };

  function setFolded(isFolded) {
    list.hidden = isFolded;
    rest.hidden ||= isFolded;
    const label = isFolded ? 'Unfold the uploads' : 'Fold the uploads';
    setAttribute(fold, 'aria-expanded', String(!isFolded));
    setAttribute(fold, 'aria-label', label);
    setAttribute(fold, 'title', label);
  }
}

function titleOf({ open, over, failed, asking, share }) {
  if (open > 0 && open === asking) {
    return asking === 1 ? 'A question' : `${count(asking)} questions`;
  }

  if (open > 0) {
    return `${count(open)} to upload, ${percent(share)}`;
  }

  return failed > 0 ? `${count(failed)} not uploaded` : over > 0 ? 'Uploads' : 'Begun uploads';
}

function createRow(item) {
  const name = isolate(item.name);
  const row = h('li', { class: 'upload' },
    h('div', { class: 'upload-head' },
      h('p', { class: 'upload-name' }, item.id === null ? item.path : item.name),
      iconButton('retry', `Upload ${name} again`, () => want(row, 'upload-retry', item.key), 'upload-retry'),
      iconButton('pause', `Pause the upload of ${name}`, () => want(row, 'upload-pause', item.key), 'upload-pause'),
      iconButton('play', `Go on with the upload of ${name}`, () => want(row, 'upload-resume', item.key), 'upload-resume'),
      iconButton('close', `Cancel the upload of ${name}`, () => want(row, row.dataset.over ? 'upload-dismiss' : 'upload-cancel', item.key), 'upload-end')),
    h('p', { class: 'upload-state' }),
    h('div', { class: 'row-buttons upload-question', hidden: true },
      h('button', { type: 'button', class: 'button danger small', onclick: () => want(row, 'upload-replace', item.key) }, 'Replace it'),
      h('button', { type: 'button', class: 'button small', onclick: () => want(row, 'upload-cancel', item.key) }, 'Leave it')),
    h('progress', { max: 1, value: 0, 'aria-label': `Upload of ${name}` }));
  return row;
}

function updateRow(row, item) {
  // An item that changes is another one.
  if (row.item === item) {
    return;
  }

  row.item = item;
  const over = isOver(item);
  row.className = `upload ${item.state}`;
  setText(row.querySelector('.upload-state'), holdTogether(stateText(item)));
  const bar = row.querySelector('progress');
  bar.value = item.state === 'done' ? 1 : item.length > 0 ? item.sent / item.length : 0;
  bar.hidden = (over && item.state !== 'done') || item.state === 'asking';
  row.querySelector('.upload-question').hidden = item.state !== 'asking';
  row.querySelector('.upload-retry').hidden = !['failed', 'cancelled'].includes(item.state) || item.file === null;
  row.querySelector('.upload-end').hidden = item.state === 'cancelling';
  swap(row.querySelector('.upload-pause'), !canPause(item), row.querySelector('.upload-resume'), item.state !== 'paused');
  row.dataset.over = over ? 'true' : '';
  const button = row.querySelector('.upload-end');
  const label = over ? `Take ${isolate(item.name)} off this list` : `Cancel the upload of ${isolate(item.name)}`;
  setAttribute(button, 'aria-label', label);
  setAttribute(button, 'title', label);
}

/** Hides and shows two buttons that take each other's place, and the focus with it. */
function swap(first, hidesFirst, second, hidesSecond) {
  const focused = document.activeElement;
  first.hidden = hidesFirst;
  second.hidden = hidesSecond;
  if (focused === first && hidesFirst && !hidesSecond) {
    second.focus();
  } else if (focused === second && hidesSecond && !hidesFirst) {
    first.focus();
  }
}

function stateText(item) {
  const share = item.length > 0 ? item.sent / item.length : 1;
  const soFar = `${size(item.sent)} of ${size(item.length)}, ${percent(share)}`;
  const anew = item.wasRenewed ? '. The gateway no longer had what was sent before, so it began anew' : '';
  switch (item.state) {
    case 'waiting': return item.sent > 0 ? `${soFar}; goes on in its turn` : `${size(item.length)}, waits its turn`;
    case 'sending': return `${item.speed > 0 ? `${soFar} at ${rate(item.speed)}, ${duration((item.length - item.sent) / item.speed * 1000)} left` : soFar}${anew}`;
    case 'finishing': return `${size(item.length)} sent, being made durable`;
    case 'asking': return questionText(item);
    case 'paused': return `${soFar}; paused`;
    case 'broken': return `${soFar}. ${breakText(item)}`;
    case 'remembered': return `${size(item.sent)} of ${size(item.length)} (${percent(share)}) are at the gateway. Choose or drop the same file again to go on.`;
    case 'cancelling': return 'Being cancelled';
    case 'cancelled': return item.problem === null
      ? 'Cancelled; nothing was stored'
      : `Cancelled here, but the gateway could not be told (${lower(item.problem.title)}). It keeps what came for a while, and then lets it go.`;
    case 'done': return `${item.wasLate ? 'It was stored before it could be cancelled: ' : ''}${size(item.length)}, stored${item.id === null ? '' : ` as ${item.result?.id ?? ''}`}${copiesText(item)}`;
    default: return [item.problem?.title, item.problem?.detail].filter((text) => text).join('. ');
  }
}

function questionText({ id, path, occupant }) {
  const bytes = occupant.length === null ? '' : `, ${size(occupant.length)}`;
  return id === null
    ? `“${isolate(path)}” is there already${bytes}. Replace it?`
    : `The id ${id} is taken: ${occupant.name === null ? 'a resource' : `“${isolate(occupant.name)}”`}${bytes}. Replace it?`;
}

/** Why it does not go on, and when it will try to. */
function breakText({ problem, nextAtMs }) {
  const why = problem.status === 0 ? 'The gateway cannot be reached'
    : problem.status === 404 || problem.status === 410 ? 'The gateway knows nothing of this upload any more'
    : problem.status === 409 ? 'It does not stand where it was thought to'
    : problem.title;
  return `${why}; trying again at ${new Date(nextAtMs).toLocaleTimeString('en', { hour12: false })}`;
}

function copiesText({ replicas, result }) {
  const wanted = Number(replicas);
  return wanted > 1 && Number.isFinite(result?.replicas) && result.replicas < wanted ? `; ${count(result.replicas)} of ${count(wanted)} copies are there so far` : '';
}

function lower(title) {
  return title.charAt(0).toLowerCase() + title.slice(1);
}
