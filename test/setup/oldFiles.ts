import { globSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';

const KEPT_MS = 24 * 3_600_000;

/**
 * Takes out of Node's compile cache what is a day old: of a test file it keeps what it has compiled under the address that
 * vitest gave it in that run, and nobody asks for that again. What is needed comes back.
 */
export function removeOldCompiled(folder: string, nowMs = Date.now()): void {
  for (const name of globSync('*/*', { cwd: folder })) {
    const file = path.join(folder, name);
    // Another run may do the same now.
    const found = statSync(file, { throwIfNoEntry: false });
    if (found !== undefined && nowMs - found.mtimeMs > KEPT_MS) rmSync(file, { force: true });
  }
}
