#!/usr/bin/env node
import { setTimeout as delay } from 'node:timers/promises';
import { asApiError } from '../typescript/client.ts';
import { ServerClock } from '../typescript/serverClock.ts';
import { readArguments, USAGE, UsageError } from './arguments.ts';
import { RUN, type Terminal } from './commands.ts';
import { connect } from './connect.ts';
import { apiOfStack } from './stack.ts';
import { fitted, printable } from './terminalText.ts';

/** The command line of Stream Recorder, over its HTTP API alone. */
const interruption = new AbortController();
// Also of a service manager, and of a terminal that is closed: a recording is stopped as by Ctrl-C.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    // Whoever asks twice does not want to wait.
    if (interruption.signal.aborted) process.exit(130);
    interruption.abort();
  });
// `ls | head` has read enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

const clock = new ServerClock();
const isTerminal = process.stdout.isTTY;
let hasLive = false;
const terminal: Terminal = {
  say(line) {
    process.stdout.write(`${hasLive ? '\n' : ''}${line}\n`);
    hasLive = false;
  },
  live(line) {
    if (!isTerminal) return;
    process.stdout.write(`\r\u001b[K${fitted(line, process.stdout.columns - 1)}`);
    hasLive = true;
  },
  sleep: async (ms) => {
    // The first Ctrl-C ends the wait at once; after it the waits are as before.
    const signal = interruption.signal.aborted ? undefined : interruption.signal;
    await delay(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  },
  nowMs: () => clock.nowMs(),
  interrupted: interruption.signal,
};

async function main(): Promise<number> {
  const args = readArguments(process.argv.slice(2), process.env);
  if (args === undefined) {
    terminal.say(USAGE);
    return 0;
  }
  try {
    const { api, authorization, command } = args;
    const address = typeof api === 'string' ? api : await apiOfStack(api.stack, api.region);
    return await RUN[command](connect(address, authorization, clock), args, terminal);
  } catch (cause) {
    const { code, message, field, requestId } = asApiError(cause);
    const where = field === undefined ? '' : ` in ${field}`;
    process.stderr.write(
      args.json
        ? `${JSON.stringify({ error: { code, message, field, requestId } })}\n`
        : `${hasLive ? '\n' : ''}${printable(`${message} (${code}${where})`)}\n`,
    );
    return 1;
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  const { message } = error;
  process.stderr.write(
    process.argv.includes('--json')
      ? `${JSON.stringify({ error: { code: 'usage', message } })}\n`
      : `${message}\n\n${USAGE}\n`,
  );
  process.exitCode = 2;
}
