import { availableParallelism } from 'node:os';
import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { levelsOf } from './test/setup/levels.ts';
import { removeOld } from './test/setup/oldFiles.ts';
import { Sequencer } from './test/setup/sequencer.ts';
import { MADE_MEDIA } from './test/support/madeMedia.ts';

// `.ci/run` reads the counts from here.
const resultsFile = process.env.TEST_RESULTS_FILE;
const levels = levelsOf(import.meta.dirname);
const setupFiles = ['test/setup/draws.ts'];
// For the workers, and for all programs of ours that tests start: most of a short one's work is compiling it.
const compileCache = path.join(import.meta.dirname, 'node_modules', '.cache', 'node-compile');
process.env.NODE_COMPILE_CACHE ??= compileCache;
removeOld(compileCache);
removeOld(MADE_MEDIA);

export default defineConfig({
  test: {
    // Files run in parallel processes: each starts its own endpoints on ports the system picks.
    pool: 'forks',
    // Node runs TypeScript as it does when deployed code is tried by hand: what Vite makes of a module is slower, and is
    // compiled anew by each process. There is no `vi.mock` then: what a test replaces is handed in.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    // A process has the modules of many files, and looks through all of them at each full collection. By default 64 MB of
    // new buffers, which lie outside of its heap, are a reason for one: a third of all work where media pass through.
    // Threads that collect beside it take more of two cores than they save: there are more processes than cores.
    execArgv: ['--external-memory-accounted-in-global-limit', '--single-threaded-gc'],
    // Much of the time a test waits, for ffmpeg's clock or a time-out: more workers than cores, or these would idle.
    maxWorkers: availableParallelism() * 3,
    sequence: { sequencer: Sequencer },
    // Tests of live sources run side by side within their file: each has an encoder, a server and a recorder.
    maxConcurrency: 3,
    // They end what hangs; a busy machine makes any test several times as slow.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
    // What `.ci/run` tells of a failure is its first line alone: let it say what was there.
    chaiConfig: { truncateThreshold: 400 },
    reporters: resultsFile === undefined ? ['default'] : ['default', ['json', { outputFile: resultsFile }]],
    env: { POWERTOOLS_LOG_LEVEL: 'SILENT', CDK_VALIDATION: 'false' },
    // What needs no process and no server, and the rest: test/setup/levels.ts. A process goes through many files: in one of
    // its own a short one's work is for the most part to load, and compile, its modules anew.
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [...levels.unit],
          isolate: false,
          // None of them waits: a process more would load all modules once more, and have no core for itself.
          maxWorkers: availableParallelism(),
          sequence: { groupOrder: 0 },
          setupFiles: [...setupFiles, 'test/setup/onlyUnit.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'media',
          include: [...levels.media],
          isolate: false,
          sequence: { groupOrder: 1 },
          globalSetup: ['test/setup/quickFfmpeg.ts', 'test/setup/oftenSent.ts', 'test/setup/quickFork.ts'],
          setupFiles,
        },
      },
    ],
  },
});
