import type { RuntimeOptions } from '../../infra/local/runtimeOptions.ts';
import { WITHOUT_PICTURES } from './withoutPictures.ts';

/** Options of a runtime that a test starts to ask something else of it. */
export const RUNTIME_FOR_TESTS = {
  // Nothing is left of an earlier run.
  reconcilesAtStart: false,
  recordingDefaults: WITHOUT_PICTURES,
  // Several runtimes share the cores: what waits for one environment's answer has it before another has begun. Races have more.
  promptEnvironments: 1,
} as const satisfies Partial<RuntimeOptions>;
