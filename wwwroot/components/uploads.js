import { duration, holdTogether, percent, rate, size } from '../logic/format.js';
import { canPause, isOver } from '../logic/uploads.js';
import { h, iconButton, keyed, setAttribute, setText, want } from './dom.js';

/** The drop target, the picker and the options. Fires `upload-wanted` with {files, id, code, replicas}. */
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
      offer(event.dataTransfer.files);
    }
  });

  function offer(files) {
    if (files.length > 0) {
      want(form, 'upload-wanted', {
        files: [...files],
        id: form.querySelector('#upload-id').value,
        code: form.querySelector('#upload-code').value,
        replicas: form.querySelector('#upload-replicas').value,
      });
    }
  }
}

/** Draws the queue. Fires `upload-cancel`, `upload-dismiss`, `upload-pause` and `upload-resume` with the key. */
export function drawUploads(list, queue) {
  keyed(list, queue.items, (item) => item.key, createRow, updateRow);
}

function createRow(item) {
  const row = h('li', { class: 'upload' },
    h('div', { class: 'upload-head' },
      h('p', { class: 'upload-name' }, item.name),
      iconButton('pause', `Pause the upload of ${item.name}`, () => want(row, 'upload-pause', item.key), 'upload-pause'),
      iconButton('play', `Go on with the upload of ${item.name}`, () => want(row, 'upload-resume', item.key), 'upload-resume'),
      iconButton('close', `Cancel the upload of ${item.name}`, () => want(row, row.dataset.over ? 'upload-dismiss' : 'upload-cancel', item.key), 'upload-end')),
    h('p', { class: 'upload-state' }),
    h('progress', { max: 1, value: 0, 'aria-label': `Upload of ${item.name}` }));
  return row;
}

function updateRow(row, item) {
  const over = isOver(item);
  row.className = `upload ${item.state}`;
  setText(row.querySelector('.upload-state'), holdTogether(stateText(item)));
  const bar = row.querySelector('progress');
  bar.value = item.state === 'done' ? 1 : item.length > 0 ? item.sent / item.length : 0;
  bar.hidden = over && item.state !== 'done';
  swap(row.querySelector('.upload-pause'), !canPause(item), row.querySelector('.upload-resume'), item.state !== 'paused');
  if (over && !row.dataset.over) {
    row.dataset.over = 'true';
    const button = row.querySelector('.upload-end');
    setAttribute(button, 'aria-label', `Take ${item.name} off this list`);
    setAttribute(button, 'title', `Take ${item.name} off this list`);
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
  switch (item.state) {
    case 'waiting': return item.sent > 0 ? `${soFar}; goes on in its turn` : `${size(item.length)}, waits its turn`;
    case 'sending': return item.speed > 0 ? `${soFar} at ${rate(item.speed)}, ${duration((item.length - item.sent) / item.speed * 1000)} left` : soFar;
    case 'finishing': return `${size(item.length)} sent, being made durable`;
    case 'paused': return `${soFar}; paused`;
    case 'broken': return `${soFar}; the gateway cannot be reached, trying again`;
    case 'remembered': return `${size(item.sent)} of ${size(item.length)} (${percent(share)}) are at the gateway. Choose or drop the same file again to go on.`;
    case 'done': return `${size(item.length)}, raining as ${item.result?.id ?? ''}`;
    case 'cancelled': return 'Cancelled; nothing was stored';
    default: return [item.problem?.title, item.problem?.detail].filter((text) => text).join('. ');
  }
}
