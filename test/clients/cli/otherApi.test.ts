import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import path from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { readArguments } from '../../../clients/cli/arguments.ts';
import { RUN } from '../../../clients/cli/commands.ts';
import { connect } from '../../../clients/cli/connect.ts';
import { ServerClock } from '../../../clients/typescript/serverClock.ts';
import { closeServer, listenOnLoopback } from '../../../infra/emulators/shared/loopback.ts';
import { Child } from '../../support/children.ts';
import { closersForTests } from '../../support/forTests.ts';

const MAIN = path.resolve(import.meta.dirname, '../../../clients/cli/main.ts');
const DAY_MS = 24 * 3_600_000;

const closers = closersForTests();
afterEach(() => void vi.useRealTimers());

/** An API that answers as it is told. @returns its address */
async function apiThat(answers: (response: ServerResponse) => object): Promise<string> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answers(response)));
  });
  closers.push(() => closeServer(server));
  return await listenOnLoopback(server);
}

it('of another version is not understood: said so, with an exit code that says it failed', async () => {
  // One that calls its list otherwise.
  const api = await apiThat(() => ({ items: [] }));
  const child = new Child(process.execPath, [MAIN, 'ls', '--json', '--api', api]);
  closers.push(() => child.stop('SIGKILL'));
  expect(await once(child.process, 'close')).toEqual([1, null]);
  expect(JSON.parse(child.output)).toEqual({
    error: { code: 'not_understood', message: expect.stringContaining('another version') },
  });
});

it('counts by its own clock, however wrong that of the caller is', async () => {
  const nowMs = Date.UTC(2026, 10, 28, 12);
  // The caller's clock stands, a day behind.
  vi.useFakeTimers({ toFake: ['Date'], now: nowMs - DAY_MS });
  const states = ['starting', 'available'];
  const api = await apiThat((response) => {
    response.setHeader('date', new Date(nowMs).toUTCString());
    return {
      ...{ recordingId: 'R', status: states.shift(), partCount: 0, parts: [] },
      requestedAt: new Date(nowMs - 90_000).toISOString(),
    };
  });
  const lines: string[] = [];
  const clock = new ServerClock();
  const args = readArguments(['watch', 'R'], {});
  if (args === undefined) throw new Error('no arguments');
  const code = await RUN.watch(connect(api, { kind: 'none' }, clock), args, {
    say: (line) => lines.push(line),
    live: (line) => lines.push(line),
    sleep: async () => undefined,
    nowMs: () => clock.nowMs(),
    interrupted: new AbortController().signal,
  });
  expect(lines[0]).toBe('starting  asked for 1 min 30 s ago');
  expect(code).toBe(0);
});
