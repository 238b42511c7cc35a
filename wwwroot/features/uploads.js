// What goes up: files that are chosen or dropped, and the list of them.

import { confirmCancellation } from '../components/dialogs.js';
import { announce } from '../components/dom.js';
import { createDropTarget } from '../components/drop.js';
import { complain, tell } from '../components/notices.js';
import { createTray } from '../components/uploads.js';
import { folderNamed } from '../logic/files.js';
import { count, size } from '../logic/format.js';
import { parseId } from '../logic/resources.js';
import { isolate } from '../logic/text.js';
import { targetOf } from '../logic/uploads.js';
import { Problem } from '../net/api.js';
import * as memory from '../net/memory.js';
import { giveUp } from '../net/resumable.js';
import { sendItem } from '../net/sending.js';
import { createUploader } from '../net/uploader.js';
import { takeWants } from './wants.js';

/** Files of one choice whose names are told one by one. */
const namedMax = 5;

/**
 * @param {Document} page
 * @param {object} needs `folder()` that is shown; `onStored()`.
 */
export function createUploads(page, { folder, onStored }) {
  const tray = createTray(page.getElementById('tray'));
  const uploads = createUploader({ send: sendItem, giveUp, memory, onChange: tray.update, onEnd });
  createDropTarget(page.getElementById('drop'), page.getElementById('drop-veil'), {
    folder: folderShown,
    describe: () => `Drop to upload into ${folderShown() === '' ? 'the uppermost folder' : isolate(folderShown())}`,
  });
  takeWants({
    'upload-wanted': take,
    'upload-cancel': uploads.cancel,
    'upload-dismiss': uploads.dismiss,
    'upload-pause': uploads.pause,
    'upload-resume': uploads.resume,
    'upload-retry': uploads.retry,
    'upload-replace': uploads.replace,
    'uploads-clear': uploads.clear,
    'uploads-pause': uploads.pauseAll,
    'uploads-resume': uploads.resumeAll,
    'uploads-replace': uploads.replaceAll,
    'uploads-retry': uploads.retryAll,
    'uploads-cancel': async (number) => ((await confirmCancellation(number)) ? uploads.cancelAll() : undefined),
  });
  uploads.recall();

  function folderShown() {
    const typed = page.getElementById('upload-folder').value;
    return typed.trim() === '' ? folder() : folderNamed(typed);
  }

  function take({ files, id, folder: into, code, replicas, isCut, lost }) {
    const wanted = id.trim() === '' ? null : parseId(id);
    if (id.trim() !== '' && wanted === null) {
      throw new Problem({ title: 'That is no id', detail: `“${id}” is not a number from 0 to 18,446,744,073,709,551,615, decimal or 0x…. Nothing was taken.` });
    }

    if (isCut) {
      complain(new Problem({ title: `${count(files.length)} files were taken`, detail: 'There are more in what was dropped; a program that uploads folders is the better way for so many.' }));
    }

    if (lost > 0) {
      complain(new Problem({ title: `${count(lost)} of what was dropped could not be read`, detail: 'The rest was taken.' }));
    }

    const known = uploads.add(files, { id: wanted, folder: into, code, replicas });

    // What was said for this choice is not meant for the next one.
    page.getElementById('drop').reset();
    page.querySelector('.drop-options').open = false;
    if (known.length > 0) {
      const names = known.slice(0, namedMax).map((item) => isolate(item.name)).join(', ');
      tell('On the list already', known.length > namedMax ? `${names} and ${count(known.length - namedMax)} more` : names);
    }
  }

  function onEnd(item) {
    if (item.state === 'failed') {
      complain(item.problem, `“${isolate(targetOf(item))}” was not uploaded.`);
      return;
    }

    announce(`${isolate(item.name)} is uploaded, ${size(item.length)}.`);
    onStored();
  }
}
