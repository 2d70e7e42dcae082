import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * The two levels of tests. A unit test is one that needs nothing but Node: neither it nor what it imports of `test/` (or
 * of what is only run by tests and `npm start`) starts a process, opens a server or synthesises the deployment. All
 * others are media tests. Nobody sorts them by hand; ./onlyUnit.ts refuses at run time what this reading may have missed.
 */
export interface Levels {
  readonly unit: readonly string[];
  readonly media: readonly string[];
}

/** Folders whose files do what they import; product code below `functions/` may import a thing and not use it here. */
const HARNESS = /^(test|infra)\//;
const PROCESSES_AND_SERVERS = /^node:(child_process|cluster|dgram|http2?|https|net|tls|worker_threads)$/;
const SYNTHESIS = /^(aws-cdk-lib|cdk-nag)(\/|$)/;
/** Imports that are there at run time; a line that begins with `import type` or `export type` leaves nothing. */
const IMPORT = /^(?:import|export)(?! type\b)[^;]*?(?:from )?'([^']+)'|\bimport\('([^']+)'\)/gms;

export function levelsOf(root: string): Levels {
  const files = globSync('test/**/*.test.ts', { cwd: root }).sort();
  const known = new Map<string, boolean>();
  const media = files.filter((file) => needsMore(root, file, known));
  return { unit: files.filter((file) => !media.includes(file)), media };
}

function needsMore(root: string, file: string, known: Map<string, boolean>): boolean {
  const before = known.get(file);
  if (before !== undefined) return before;
  // No import goes in a circle (test/architecture.test.ts); were there one, this ends it.
  known.set(file, false);
  const result =
    HARNESS.test(file) &&
    runtimeImports(readFileSync(path.join(root, file), 'utf8')).some((target) =>
      target.startsWith('.')
        ? needsMore(root, path.join(path.dirname(file), target), known)
        : PROCESSES_AND_SERVERS.test(target) || SYNTHESIS.test(target),
    );
  known.set(file, result);
  return result;
}

export function runtimeImports(source: string): string[] {
  return [...source.matchAll(IMPORT)].map(([, static_, dynamic]) => static_ ?? dynamic ?? '');
}
