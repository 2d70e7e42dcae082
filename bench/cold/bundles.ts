import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bundleFunction } from '../../infra/construct/bundling/bundle.ts';
import { FUNCTIONS } from '../../infra/wiring.ts';
import type { Benchmark } from '../report.ts';

/** How much of each function is loaded before it answers. */
export const bundles: Benchmark = {
  name: 'bundle of each function',
  run: async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'bench-bundles-'));
    try {
      return await Promise.all(
        Object.values(FUNCTIONS).map(async ({ name }) => {
          const bytes = await bundleFunction(name, path.join(folder, name));
          return { name, value: bytes / 1024, unit: 'KiB', aim: 300 };
        }),
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
