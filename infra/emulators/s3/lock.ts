import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { processOwner } from '../shared/processOwner.ts';

/**
 * One process for one data folder: a second one would take the first one's unfinished blobs for rubbish. The file
 * names the process and when it started, so that the lock of a killed one does not outlive it.
 */
export class FolderLock {
  readonly #file: string;

  /** @throws Error when another process, or this one, has the folder in use */
  constructor(file: string) {
    this.#file = file;
    const mine = processOwner(process.pid);
    try {
      writeFileSync(file, `${mine}\n`, { flag: 'wx' });
      return;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    const owner = readFileSync(file, 'utf8').trim();
    const pid = Number(owner.split(' ')[0]);
    if (owner !== '' && processOwner(pid) === owner) throw new Error(`${file} is held by process ${pid}`);
    writeFileSync(file, `${mine}\n`);
  }

  release(): void {
    rmSync(this.#file, { force: true });
  }
}
