import { globSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';

const KEPT_MS = 24 * 3_600_000;

/**
 * Takes out of a cache what is a day old; what is needed comes back. Node's compile cache keeps what it has compiled of a
 * test file under the address that vitest gave it in that run, and nobody asks for that again.
 */
export function removeOld(folder: string, nowMs = Date.now()): void {
  for (const name of globSync('*/*', { cwd: folder })) {
    const file = path.join(folder, name);
    // Another run may do the same now.
    const found = statSync(file, { throwIfNoEntry: false });
    if (found !== undefined && nowMs - found.mtimeMs > KEPT_MS) rmSync(file, { force: true });
  }
}
