import { want } from './dom.js';

/** Files of one drop at most: a folder of more is better taken by a program. */
const fileCountMax = 10_000;

/**
 * The pickers, their options, and the whole page as a place to drop files and folders on. Fires `upload-wanted` with {files, id, folder,
 * code, replicas, isCut, lost}: each file as {file, path}; `isCut` when there were more than are taken at once, `lost` how many could not be
 * read.
 * @param {HTMLFormElement} form
 * @param {HTMLElement} veil What lies over the page while something is held over it.
 * @param {{folder: () => string, describe: () => string}} place The folder that a drop would go to now, and in words.
 */
export function createDropTarget(form, veil, { folder: folderNow, describe }) {
  const [files, folder] = [form.querySelector('#file-input'), form.querySelector('#folder-input')];
  let depth = 0;
  for (const input of [files, folder]) {
    input.addEventListener('change', () => {
      offer([...input.files].map((file) => ({ file, path: file.webkitRelativePath || file.name })), read());
      input.value = '';
    });
  }

  form.addEventListener('submit', (event) => event.preventDefault());

  // Files may be dropped anywhere on the page: missing a target must not navigate away.
  const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes('Files');
  document.addEventListener('dragenter', (event) => {
    if (carriesFiles(event)) {
      setDepth(depth + 1);
    }
  });
  document.addEventListener('dragleave', () => setDepth(Math.max(0, depth - 1)));
  document.addEventListener('dragover', (event) => {
    if (carriesFiles(event)) {
      event.preventDefault();
      event.dataTransfer.dropEffect = 'copy';
    }
  });
  document.addEventListener('drop', (event) => {
    if (carriesFiles(event)) {
      event.preventDefault();
      setDepth(0);
      // Where it goes is where it was dropped, whatever is shown when a large folder has been gone through.
      const options = read();
      gather(event.dataTransfer).then((gathered) => offer(gathered.found, { ...options, ...gathered }));
    }
  });

  function setDepth(next) {
    depth = next;
    veil.hidden = depth === 0;
    veil.firstElementChild.textContent = describe();
  }

  function read() {
    const [id, code, replicas] = ['id', 'code', 'replicas'].map((name) => form.querySelector(`#upload-${name}`).value);
    return { id, folder: folderNow(), code, replicas, isCut: false, lost: 0 };
  }

  function offer(files, { id, folder: into, code, replicas, isCut, lost }) {
    if (files.length + lost > 0) {
      want(form, 'upload-wanted', { files, id, folder: into, code, replicas, isCut, lost });
    }
  }
}

/** Every file of a drop, those in folders too, each with its path within the drop. */
async function gather({ items, files }) {
  // What was dropped is to be had only until the event is over, but for the entries.
  const entries = [...items].filter((item) => item.kind === 'file').map((item) => ({ entry: item.webkitGetAsEntry?.() ?? null, file: item.getAsFile() }));
  if (entries.length === 0) {
    return { found: [...files].map((file) => ({ file, path: file.name })), isCut: false, lost: 0 };
  }

  const found = entries.filter(({ entry, file }) => !entry?.isDirectory && file !== null).map(({ file }) => ({ file, path: file.name }));
  const folders = entries.map(({ entry }) => entry).filter((entry) => entry?.isDirectory);
  let lost = 0;
  while (folders.length > 0 && found.length < fileCountMax) {
    const folder = folders.shift();
    const inside = await readAll(folder.createReader()).catch(() => {
      lost++;
      return [];
    });
    inside.filter((entry) => entry.isDirectory).forEach((entry) => folders.push(entry));

    // One more than is taken tells that there are more.
    const entries = inside.filter((entry) => !entry.isDirectory).slice(0, fileCountMax - found.length + 1);
    const opened = await Promise.all(entries.map((entry) => new Promise((resolve) => entry.file(resolve, () => resolve(null)))));
    lost += opened.filter((file) => file === null).length;
    opened.forEach((file, at) => {
      if (file !== null) {
        found.push({ file, path: entries[at].fullPath.replace(/^\//, '') });
      }
    });
  }

  return { found: found.slice(0, fileCountMax), isCut: folders.length > 0 || found.length > fileCountMax, lost };
}

/** A browser gives the entries of a folder a hundred at a time. */
async function readAll(reader) {
  const entries = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) {
      return entries;
    }

    entries.push(...some);
  }
}
