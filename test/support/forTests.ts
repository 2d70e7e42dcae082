import { AsyncLocalStorage } from 'node:async_hooks';
import { afterAll, aroundEach, beforeAll } from 'vitest';
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

/**
 * What a test pushes here is called after that test, the newest first: what feeds another is closed after it. What is
 * pushed outside of a test (in a `beforeAll`) is called after the last test.
 */
export function closersForTests(): Pick<Closer[], 'push'> {
  const ofFile: Closer[] = [];
  const ofTest = new AsyncLocalStorage<Closer[]>();
  aroundEach(async (runTest) => {
    const closers: Closer[] = [];
    await ofTest.run(closers, runTest);
    await closeAll(closers);
  });
  afterAll(() => closeAll(ofFile));
  return { push: (...closers) => (ofTest.getStore() ?? ofFile).push(...closers) };
}

type Closer = () => unknown;

async function closeAll(closers: readonly Closer[]): Promise<void> {
  for (const close of closers.toReversed()) await close();
}
