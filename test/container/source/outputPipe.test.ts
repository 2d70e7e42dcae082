import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { OutputPipe } from '../../../container/source/outputPipe.ts';
import { readOutputs } from '../../../container/source/outputs.ts';

const TICK_MS = 250;

/** What a program writes to its pipes: 1, 3, 4, … */
async function outputOf(
  program: string,
  count = 1,
): Promise<{ pipes: OutputPipe[]; child: ChildProcess; exited: Promise<unknown> }> {
  const pipes = await Promise.all(Array.from({ length: count }, () => OutputPipe.open()));
  const [first, ...others] = pipes.map(({ theirs }) => theirs);
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', first, 'inherit', ...others] });
  for (const pipe of pipes) pipe.handOver();
  return { pipes, child, exited: once(child, 'exit') };
}

/** So many pieces, one every 10 ms. */
const pieces = (count: number, then = ''): string =>
  `let left = ${count};
  const timer = setInterval(() => {
    process.stdout.write('x');
    left -= 1;
    if (left === 0) { clearInterval(timer); ${then} }
  }, 10)`;

/** Goes on until it is told to write a last one, however often. */
const LAST_WHEN_TOLD = `
  let stays = setInterval(() => undefined, 60_000);
  process.on('SIGUSR2', () => {
    if (stays !== undefined) process.stdout.write('y');
    stays = clearInterval(stays);
  });`;

/** The other end of a connection that reads when something comes; what is written to it is there at once. */
async function connection(onData: (data: Buffer) => void): Promise<Socket> {
  const server = createServer();
  const path = `\0${randomUUID()}`;
  server.listen(path);
  await once(server, 'listening');
  connect(path).on('data', onData);
  const [theirs] = (await once(server, 'connection')) as [Socket];
  server.close();
  return theirs;
}

describe('OutputPipe', () => {
  it('gives every byte that a child writes, to several pipes, in order', async () => {
    const { pipes } = await outputOf(
      `const lines = (from, to) => Array.from({ length: to + 1 - from }, (_, i) => from + i + '\\n').join('');
       require('fs').writeSync(3, lines(7, 9_999));
       process.stdout.write(lines(1, 200_000));`,
      2,
    );
    const found: string[] = ['', ''];
    for await (const output of readOutputs(pipes, TICK_MS))
      if (output !== undefined) found[output.pipe] += output.chunk.toString('latin1');
    const numbers = (text = ''): number[] => text.trim().split('\n').map(Number);
    expect(numbers(found[0])).toEqual(Array.from({ length: 200_000 }, (_, i) => i + 1));
    expect(numbers(found[1])).toEqual(Array.from({ length: 9_993 }, (_, i) => i + 7));
  });

  it('reads in a rhythm what comes in tiny pieces, and says when nothing comes', async () => {
    const { pipes, child } = await outputOf(`${pieces(250)}; ${LAST_WHEN_TOLD}`);
    const readAtMs: number[] = [];
    let text = '';
    for await (const output of readOutputs(pipes, TICK_MS)) {
      if (output === undefined) {
        // Nothing has come since all pieces had.
        if (text.length === 250) child.kill('SIGUSR2');
      } else {
        readAtMs.push(performance.now());
        text += output.chunk.toString('latin1');
      }
    }
    expect(text).toBe(`${'x'.repeat(250)}y`);
    // What comes first is read at once.
    const [firstAtMs = 0] = readAtMs;
    const inRhythm = readAtMs.filter((atMs) => atMs > firstAtMs + 1_500);
    const tookMs = (inRhythm.at(-1) ?? 0) - (inRhythm[0] ?? 0);
    // One in a tick; timers of a process that was kept from running come early by as much. Pieces come by twenties.
    expect(inRhythm.length).toBeLessThanOrEqual(2 + (3 * tookMs) / TICK_MS);
  });

  it('is read at once when the child is about to end', async () => {
    const { pipes, exited } = await outputOf(pieces(150));
    void exited.then(() => {
      for (const pipe of pipes) pipe.hurry();
    });
    let bytes = 0;
    for await (const output of readOutputs(pipes, TICK_MS)) bytes += output?.chunk.length ?? 0;
    expect(bytes).toBe(150);
  });

  it('lets a child end whose output nobody wants', async () => {
    const { pipes, exited } = await outputOf(
      `const write = (error) => {
         if (error) process.exit();
         process.stdout.write('y'.repeat(65_536), write);
       };
       write();`,
    );
    for await (const output of readOutputs(pipes, TICK_MS)) if (output !== undefined) break;
    for (const pipe of pipes) pipe.close();
    await exited;
  });

  it('gives nothing before what the child has said in front of it, also where that came while it was read', async () => {
    const pipe = await OutputPipe.open();
    const { theirs } = pipe;
    let heard = '';
    const said = await connection((data) => {
      heard += data.toString();
    });
    // Read in the same turn of the event loop as the pipe, and before it, which has more by then than the loop knows of.
    const before = await connection(() => {
      said.write('said');
      theirs.write('second');
    });
    before.write('x');
    theirs.write('first ');
    for await (const output of readOutputs([pipe], TICK_MS)) {
      if (output === undefined) continue;
      expect(output.chunk.toString()).toBe('first second');
      expect(heard).toBe('said');
      break;
    }
    pipe.close();
    for (const theirEnd of [theirs, said, before]) theirEnd.destroy();
  });
});
