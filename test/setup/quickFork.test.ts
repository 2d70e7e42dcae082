import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CAN_FORK_QUICKLY, quickFork } from './quickFork.ts';

/** A large process that starts programs, some in several threads at once. It writes what came of them, and how many pages it took back. */
const STARTS = `
  import { execFileSync, spawn } from 'node:child_process';
  import { once } from 'node:events';
  import { Worker } from 'node:worker_threads';
  const large = Buffer.alloc(64 * 1024 ** 2, 1);
  const env = { PATH: process.env.PATH, OWN: 'its own' };
  const said = (file, args, options) => execFileSync(file, args, { encoding: 'utf8', ...options }).trim();
  const before = { ...process.env };
  const given = said('sh', ['-c', 'echo "$OWN, $PARENT"'], { env });
  const inherited = said('sh', ['-c', 'echo "$OWN, $PARENT"']);
  // A shell goes on in its own child: it must not be one that has its memory.
  const nested = said('sh', ['-c', 'A=1; (A=2; sh -c :); echo $A, $LD_PRELOAD']);
  const [{ code }] = await once(spawn('is-not-there', [], { env }), 'error');
  const [status] = await once(spawn('sh', ['-c', 'exit 7'], { cwd: '/', detached: true }), 'exit');
  const thread = "process.getBuiltinModule('child_process').execFileSync('true', { env: { PATH: process.env.PATH } })";
  const ended = (one) => once(one, 'exit');
  const threads = Array.from({ length: 8 }, () => new Worker(thread, { eval: true }));
  const [codes] = await Promise.all([Promise.all(threads.map(ended)), ended(spawn('true', [], { env }))]);
  // What was shared with a child is the parent's own again with a fault for each page, when that is written.
  let faults = 0;
  for (let i = 0; i < 5; i++) {
    execFileSync('true', { env });
    const { minorPageFault } = process.resourceUsage();
    large.fill(i);
    faults += process.resourceUsage().minorPageFault - minorPageFault;
  }
  process.env.LATER = 'is there';
  const isKept = Object.entries(before).every(([name, value]) => process.env[name] === value);
  const later = said('sh', ['-c', 'echo "$LATER"']);
  const all = { given, inherited, nested, code, status, codes: codes.flat(), isKept, later };
  console.log(JSON.stringify({ ...all, faults }));
`;

describe.skipIf(!CAN_FORK_QUICKLY)('a program that a worker of tests starts', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'quick-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function starts(env: Record<string, string>) {
    const args = ['--input-type=module', '-e', STARTS];
    const answer = execFileSync(process.execPath, args, {
      encoding: 'utf8',
      env: { PATH: process.env.PATH ?? '', PARENT: "the parent's", ...env },
    });
    const { faults, ...came } = JSON.parse(answer) as { readonly faults: number };
    return { faults, came };
  }

  it('begins as it would without, and shares no page that its parent has to take back', () => {
    const slow = starts({});
    const quick = starts({ LD_PRELOAD: quickFork(folder) });
    expect(quick.came).toEqual(slow.came);
    expect(quick.came).toMatchObject({
      given: 'its own,',
      inherited: ", the parent's",
      nested: '1,',
      code: 'ENOENT',
      status: 7,
      codes: Array.from({ length: 8 }, () => 0),
      isKept: true,
      later: 'is there',
    });
    // Of large pages, which some kernels give unasked, there are few.
    expect(slow.faults).toBeGreaterThan(5 * 16);
    expect(quick.faults).toBeLessThan(slow.faults / 2);
  });
});
