import { randomUUID } from 'node:crypto';
import { readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { processOwner } from '../emulators/shared/processOwner.ts';

const UNUSED_MS = 24 * 3_600_000;
const TOUCH_EVERY_MS = 3_600_000;
const ASK_AGAIN_MS = 50;

/**
 * Folders that are made once and used by many processes, for as long as one of them runs. Who uses one touches it; one that
 * nobody has used for a day goes when another is made.
 */
export class FolderCache {
  readonly #root: string;
  readonly #nowMs: () => number;
  readonly #touchedAtMs = new Map<string, number>();

  constructor(root: string, nowMs: () => number = Date.now) {
    this.#root = root;
    this.#nowMs = nowMs;
  }

  /**
   * @param make fills the empty folder that it is given
   * @returns the folder of this name, made if it is not there
   */
  async folder(name: string, make: (folder: string) => Promise<void>): Promise<string> {
    const folder = path.join(this.#root, name);
    if (await this.use(folder)) return folder;
    await mkdir(this.#root, { recursive: true });
    await this.#removeUnused();
    // Several processes start at the same time, and need the same.
    const claim = path.join(this.#root, `claim-${name}`);
    while (!claims(claim)) await delay(ASK_AGAIN_MS);
    try {
      if (!(await this.use(folder))) await this.#make(folder, make);
    } finally {
      await rm(claim, { force: true });
    }
    await this.use(folder);
    return folder;
  }

  /** Says that the folder is in use, once an hour. @returns whether it is there */
  async use(folder: string): Promise<boolean> {
    const nowMs = this.#nowMs();
    if (nowMs - (this.#touchedAtMs.get(folder) ?? Number.NEGATIVE_INFINITY) < TOUCH_EVERY_MS) return true;
    try {
      await utimes(folder, nowMs / 1000, nowMs / 1000);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
    this.#touchedAtMs.set(folder, nowMs);
    return true;
  }

  async #make(folder: string, make: (folder: string) => Promise<void>): Promise<void> {
    const making = path.join(this.#root, `making-${randomUUID()}`);
    await mkdir(making);
    try {
      await make(making);
      await rename(making, folder);
    } catch (error) {
      await rm(making, { recursive: true, force: true });
      // Another process may have been faster: its files are the same.
      if (!(await this.use(folder))) throw error;
    }
  }

  async #removeUnused(): Promise<void> {
    for (const name of await readdir(this.#root)) {
      const folder = path.join(this.#root, name);
      // Two processes may do this at the same time.
      const found = await stat(folder).catch(() => undefined);
      if (found !== undefined && this.#nowMs() - found.mtimeMs > UNUSED_MS)
        await rm(folder, { recursive: true, force: true });
    }
  }
}

/** @returns whether it is this process that makes the folder, and not another that is still there */
function claims(claim: string): boolean {
  try {
    // A link is made with what it says, or not at all. Where no process can be told from another, none is waited for.
    symlinkSync(processOwner(process.pid) || 'unknown', claim);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  if (!isHeld(claim)) rmSync(claim, { force: true });
  return false;
}

function isHeld(claim: string): boolean {
  try {
    const owner = readlinkSync(claim);
    return processOwner(Number.parseInt(owner, 10)) === owner;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return false;
  }
}
