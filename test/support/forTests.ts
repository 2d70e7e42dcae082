import { afterAll, beforeAll } from 'vitest';
import { MediaFolder } from './media.ts';
import { RecorderBench } from './recorderBench.ts';

/**
 * What the tests of a file (or of a `describe`) share: it is there before the first of them and gone after the last. What
 * was asked for later is gone earlier.
 */

/** A recorder on a bench. */
export function benchForTests(): RecorderBench {
  const bench = new RecorderBench();
  beforeAll(() => bench.start());
  afterAll(() => bench.close());
  return bench;
}

/** A folder of media files. */
export function folderForTests(): MediaFolder {
  const folder = new MediaFolder();
  afterAll(() => folder.remove());
  return folder;
}

/** What a test pushes here is called after the last test, the newest first: what feeds another is closed after it. */
export function closersForTests(): Pick<(() => unknown)[], 'push'> {
  const closers: (() => unknown)[] = [];
  afterAll(async () => {
    for (const close of closers.toReversed()) await close();
  });
  return closers;
}
