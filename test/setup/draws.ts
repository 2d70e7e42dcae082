import { vi } from 'vitest';

/**
 * Properties draw the same values in each run, so that a change is judged and not the draw. `DRAW_SEED=random` (or a
 * number that a failure printed) draws others.
 */
const SEED = process.env.DRAW_SEED ?? '20261128';

// When a test imports it, and not before: most test files have no property.
vi.mock(import('fast-check'), async (importOriginal) => {
  const module = await importOriginal();
  if (SEED !== 'random') module.configureGlobal({ ...module.readConfigureGlobal(), seed: Number(SEED) });
  return module;
});
