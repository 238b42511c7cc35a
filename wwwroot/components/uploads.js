import { count, duration, holdTogether, percent, rate, size } from '../logic/format.js';
import { isolate } from '../logic/text.js';
import { canPause, isOver } from '../logic/uploads.js';
import { h, iconButton, keyed, setAttribute, setText, want } from './dom.js';

/** The drop target, the picker and the options. Fires `upload-wanted` with {files, folders, id, code, replicas}. */
export function createDropTarget(form) {
  const input = form.querySelector('#file-input');
  let depth = 0;
  input.addEventListener('change', () => {
    offer(input.files);
    input.value = '';
  });
  form.addEventListener('submit', (event) => event.preventDefault());

  // Files may be dropped anywhere on the page: missing the target must not navigate away.
  const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes('Files');
  document.addEventListener('dragenter', (event) => {
    if (carriesFiles(event)) {
      depth++;
      form.classList.add('over');
    }
  });
  document.addEventListener('dragleave', () => {
    depth = Math.max(0, depth - 1);
    form.classList.toggle('over', depth > 0);
  });
  document.addEventListener('dragover', (event) => {
    if (carriesFiles(event)) {
      event.preventDefault();
      event.dataTransfer.dropEffect = 'copy';
    }
  });
  document.addEventListener('drop', (event) => {
    if (carriesFiles(event)) {
      event.preventDefault();
      depth = 0;
      form.classList.remove('over');
      const { files, folders } = sort(event.dataTransfer);
      offer(files, folders);
    }
  });

  function offer(files, folders = []) {
    if (files.length + folders.length > 0) {
      want(form, 'upload-wanted', {
        files: [...files],
        folders,
        id: form.querySelector('#upload-id').value,
        code: form.querySelector('#upload-code').value,
        replicas: form.querySelector('#upload-replicas').value,
      });
    }
  }
}

/** A browser gives a dropped folder as a file that cannot be read; its entry tells. */
function sort({ items, files }) {
  const entries = [...items].filter((item) => item.kind === 'file').map((item) => ({ entry: item.webkitGetAsEntry?.() ?? null, file: item.getAsFile() }));
  if (entries.length === 0) {
    return { files: [...files], folders: [] };
  }

  return {
    files: entries.filter(({ entry, file }) => !entry?.isDirectory && file !== null).map(({ file }) => file),
    folders: entries.filter(({ entry }) => entry?.isDirectory).map(({ entry }) => entry.name),
  };
}

/**
 * Draws the list. Fires `upload-cancel`, `upload-dismiss`, `upload-pause`, `upload-resume` and `upload-replace` with the key.
 * @param {HTMLElement} list
 * @param {object} queue
 */
export function drawUploads(list, queue) {
  keyed(list, queue.items, (item) => item.key, createRow, updateRow);
}

function createRow(item) {
  const name = isolate(item.name);
  const row = h('li', { class: 'upload' },
    h('div', { class: 'upload-head' },
      h('p', { class: 'upload-name' }, item.name),
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
  const over = isOver(item);
  row.className = `upload ${item.state}`;
  setText(row.querySelector('.upload-state'), holdTogether(stateText(item)));
  const bar = row.querySelector('progress');
  bar.value = item.state === 'done' ? 1 : item.length > 0 ? item.sent / item.length : 0;
  bar.hidden = (over && item.state !== 'done') || item.state === 'asking';
  row.querySelector('.upload-question').hidden = item.state !== 'asking';
  row.querySelector('.upload-end').hidden = item.state === 'cancelling';
  swap(row.querySelector('.upload-pause'), !canPause(item), row.querySelector('.upload-resume'), item.state !== 'paused');
  if (over && !row.dataset.over) {
    row.dataset.over = 'true';
    const button = row.querySelector('.upload-end');
    setAttribute(button, 'aria-label', `Take ${isolate(item.name)} off this list`);
    setAttribute(button, 'title', `Take ${isolate(item.name)} off this list`);
  }
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
    case 'done': return `${item.wasLate ? 'It was stored before it could be cancelled: ' : ''}${size(item.length)}, stored as ${item.result?.id ?? ''}${copiesText(item)}`;
    default: return [item.problem?.title, item.problem?.detail].filter((text) => text).join('. ');
  }
}

function questionText({ id, occupant }) {
  return `The id ${id} is taken: ${occupant.name === null ? 'a resource' : `“${isolate(occupant.name)}”`}${occupant.length === null ? '' : `, ${size(occupant.length)}`}. Replace it?`;
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
