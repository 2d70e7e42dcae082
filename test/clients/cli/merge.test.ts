import { expect, it } from 'vitest';
import { readArguments } from '../../../clients/cli/arguments.ts';
import { RUN, type Terminal } from '../../../clients/cli/commands.ts';
import type { Merge, RecorderClient } from '../../../clients/typescript/client.ts';

const MERGE = { mergeId: 'M', room: 'blue', layout: 'grid', running: 'wait' } as const;

/** The command, of an API that says this of the merge, one after another. */
async function merged(states: readonly object[], interrupted = new AbortController()) {
  const asked: unknown[] = [];
  const left = [...states];
  const next = () => ({ ...MERGE, ...left.shift() }) as Merge;
  const client = {
    mergeRoom: async (room: string, body: object) => {
      asked.push(room, body);
      return next();
    },
    merge: async () => next(),
  } as unknown as RecorderClient;
  const lines: string[] = [];
  const terminal: Terminal = {
    say: (line) => lines.push(line),
    live: (line) => lines.push(`live ${line}`),
    sleep: async () => undefined,
    nowMs: () => 0,
    interrupted: interrupted.signal,
  };
  const args = readArguments(['merge', 'blue', '--layout', 'grid'], {});
  if (args === undefined) throw new Error('no arguments');
  return { code: await RUN.merge(client, args, terminal), asked, lines };
}

it('asks for one file of a room, shows how far it is, and says which recording it has become', async () => {
  const { code, asked, lines } = await merged([
    { status: 'waiting' },
    { status: 'processing', progress: { at: 'x', percent: 41.7, etaMs: 90_000 } },
    { status: 'available', recordingId: 'R' },
  ]);
  expect(asked).toEqual(['blue', { layout: 'grid', running: 'wait' }]);
  expect(lines).toEqual([
    'live M  waiting',
    'live M  processing  41 %  1 min 30 s to go',
    'M  available  recording R',
  ]);
  expect(code).toBe(0);
});

it('ends with 1 where it cannot be made, and says why', async () => {
  const reason = { code: 'too_large', message: 'It is too large.' };
  expect(await merged([{ status: 'failed', reason }])).toMatchObject({
    code: 1,
    lines: ['M  failed  It is too large.'],
  });
  expect((await merged([{ status: 'canceled' }])).code).toBe(1);
});

it('waits no longer after Ctrl-C; the merge goes on', async () => {
  const interrupted = new AbortController();
  interrupted.abort();
  expect(await merged([{ status: 'processing' }], interrupted)).toMatchObject({
    code: 0,
    lines: ['M  processing'],
  });
});
