import { configureGlobal, readConfigureGlobal } from 'fast-check';

/**
 * Properties draw the same values in each run, so that a change is judged and not the draw. `DRAW_SEED=random` (or a
 * number that a failure printed) draws others.
 */
const SEED = process.env.DRAW_SEED ?? '20261128';

if (SEED !== 'random') configureGlobal({ ...readConfigureGlobal(), seed: Number(SEED) });
