import { PassThrough, Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RawPipe } from '../../../container/merge/rawPipe.ts';

const UNIT = { bytes: 4, filler: Buffer.from('....') };

function collected(): { readonly target: PassThrough; readonly text: () => string } {
  const target = new PassThrough();
  const chunks: Buffer[] = [];
  target.on('data', (chunk: Buffer) => chunks.push(chunk));
  return { target, text: () => Buffer.concat(chunks).toString() };
}

it('hands on as much as is wanted, and makes up for what is missing', async () => {
  const { target, text } = collected();
  const pipe = new RawPipe(target, UNIT);
  await pipe.take(Readable.from([Buffer.from('aaaab'), Buffer.from('bb')]), 3);
  expect(pipe.units).toBe(1);
  // What it was in the middle of, and nothing more.
  await pipe.fill(2);
  await pipe.take(Readable.from([Buffer.from('aaaaccccdddd')]), 3, 1);
  await pipe.fill(4);
  expect(text()).toBe('aaaabbb.cccc....');
});

it('whoever reads and has ended is an error, and holds up nobody', async () => {
  const target = new PassThrough({ highWaterMark: 4 });
  const pipe = new RawPipe(target, UNIT);
  const taken = pipe.take(Readable.from([Buffer.from('aaaabbbb'), Buffer.from('cccc')]), 3);
  target.destroy(new Error('gone'));
  await expect(taken).rejects.toThrow('gone');
  await expect(pipe.fill(3)).rejects.toThrow('gone');
});

it('gives the same however what comes is cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 9 }), { maxLength: 8 }),
      fc.integer({ min: 0, max: 10 }),
      async (chunks, units) => {
        const { target, text } = collected();
        const pipe = new RawPipe(target, UNIT);
        await pipe.take(
          Readable.from(chunks.filter((one) => one !== '').map((one) => Buffer.from(one))),
          units,
        );
        await pipe.fill(units);
        const whole = chunks.join('').slice(0, 4 * units);
        expect(text()).toBe(whole.padEnd(4 * units, '.'));
      },
    ),
  );
});
