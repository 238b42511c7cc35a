// Bytes from the gateway onto this machine.

import { addressOf, nameIn } from '../logic/files.js';
import { call, currentKey, doReadsNeedKey, learnWhetherReadsNeedKey } from './api.js';

/**
 * By the browser's own download where it can be; a key can only travel with a call of ours. Calls that forbid the browser its cache say
 * no-cache, which would make the gateway ask the rain for what it keeps.
 */
export async function download(row) {
  const path = `${addressOf(row)}?download=1`;
  if (currentKey() !== null && !doReadsNeedKey()) {
    await learnWhetherReadsNeedKey();
  }

  if (!doReadsNeedKey()) {
    save(path, '');
    return;
  }

  const response = await call('GET', path, { cache: 'default' });
  const address = URL.createObjectURL(await response.blob());
  save(address, row.path ? nameIn(row.path) : row.fileName ?? row.id);
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

/** A browser says nothing of a failed download: the first byte tells whether the rain has it, and why not. */
export async function probe(id) {
  const answer = await call('GET', `resources/${id}`, { headers: { Range: 'bytes=0-0' }, cache: 'default' }).catch((problem) => {
    // Of an empty one there is no first byte.
    if (problem.status !== 416) {
      throw problem;
    }
  });
  await answer?.body?.cancel();
}

function save(address, fileName) {
  const link = document.createElement('a');
  link.href = address;
  link.download = fileName;
  link.click();
}
