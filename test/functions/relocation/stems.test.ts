import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collisionKey } from '../../../functions/core/names/index.ts';
import { stemClaimKey } from '../../../functions/core/relocation/stem.ts';
import { outcomeKey, partKey } from '../../../functions/core/state/keys.ts';
import { deleteRecording } from '../../../functions/recordings/delete.ts';
import type { FaultAction } from '../../../infra/emulators/shared/faults.ts';
import { patternBytes } from '../../contract/s3/support.ts';
import { MoveBench } from './bench.ts';
import { type Landed, placeOf, START_MS } from './landed.ts';

const ROTATED = { rotation: { kind: 'time', everyMs: 60_000 } } as const;
/** Beyond what the bench counts itself. */
const FIRST_RECORDING = 40_000;

let bench: MoveBench;
let recordings = FIRST_RECORDING;

beforeAll(async () => {
  bench = await MoveBench.start();
});
afterAll(() => bench.close());

/** Parts of one recording that rotates. */
async function landParts(streamName: string, parts: readonly number[]): Promise<Landed[]> {
  const recording = recordings++;
  const landed: Landed[] = [];
  for (const part of parts) {
    const options = { streamName, part, recording, settings: ROTATED };
    landed.push(await bench.land(patternBytes(100 + part, recording), options));
  }
  return landed;
}

const plainKey = ({ open }: Landed): string => `stream_records/${open.fileName}`;
const suffixedKey = (one: Landed): string =>
  collisionKey(plainKey(one), placeOf(one), one.job.settings.names);
const keysOf = (landed: readonly Landed[]): Promise<(string | undefined)[]> =>
  Promise.all(landed.map(async (one) => (await bench.moved(one))?.key));

describe('the parts of a recording', () => {
  it('have one stem, whichever of their names is taken, and in whatever order they are moved', async () => {
    for (const taken of [1, 2, 999]) {
      const landed = await landParts(`hall ${taken}`, [1, 2, 999, 1000, 1440]);
      const foreign = plainKey(landed[taken === 999 ? 2 : taken - 1] as Landed);
      await bench.put('library', foreign, Buffer.from('foreign'));
      for (const { key } of landed.toReversed()) await bench.move(key);
      const keys = await keysOf(landed);
      expect(keys).toEqual(landed.map(suffixedKey));
      expect(keys.toSorted()).toEqual(keys);
      expect((await bench.read(foreign)).toString()).toBe('foreign');
    }
  });

  it('go without the id beside names that only begin alike', async () => {
    for (const other of ['gate_2_001.mp4', 'gate_north.mp4', 'gate.txt', 'gate.poster.jpg', 'gate-x_001.mp4'])
      await bench.put('library', `stream_records/${other}`, Buffer.from('other'));
    const landed = await landParts('gate', [1, 2]);
    for (const { key } of landed) await bench.move(key);
    expect(await keysOf(landed)).toEqual(landed.map(plainKey));
  });

  it('keep the stem when a name is taken later: that one part has the id, and nothing is overwritten', async () => {
    const landed = await landParts('later', [1, 2, 3]);
    const [first, second, third] = landed as [Landed, Landed, Landed];
    await bench.move(first.key);
    await bench.put('library', plainKey(second), Buffer.from('foreign'));
    await bench.move(third.key);
    await bench.move(second.key);
    expect(await keysOf(landed)).toEqual([plainKey(first), suffixedKey(second), plainKey(third)]);
    expect((await bench.read(plainKey(second))).toString()).toBe('foreign');
  });

  it('have the id while a recording of that name goes on, and go without it once that is over and its records are gone', async () => {
    const [before, during, after] = [
      await landParts('again', [1]),
      await landParts('again', [2]),
      await landParts('again', [1]),
    ].flat() as [Landed, Landed, Landed];
    await bench.move(before.key);
    await bench.s3.send(new DeleteObjectCommand({ Bucket: 'library', Key: plainKey(before) }));
    await bench.move(during.key);
    await end(before);
    await bench.move(after.key);
    expect(await keysOf([during, after])).toEqual([suffixedKey(during), plainKey(after)]);
  });

  it('cost their recording two writes and a listing, and each of them a read', async () => {
    const callsOf = async ({ key }: Landed) => {
      bench.calls.length = 0;
      await bench.move(key);
      return [...bench.calls];
    };
    const [first, second] = (await landParts('counted', [1, 2])) as [Landed, Landed];
    const read = ['HeadObject', ...Array.from({ length: 5 }, () => 'GetObject')];
    // The first of two writes marks what is incomplete, as these are.
    const written = ['PutObject', 'PutObject'];
    const placed = ['CopyObject', 'HeadObject', ...written, 'GetObject', 'PutEvents', 'DeleteObject'];
    expect(await callsOf(first)).toEqual([...read, 'PutObject', 'ListObjectsV2', 'PutObject', ...placed]);
    expect(await callsOf(second)).toEqual([...read, ...placed]);
  });

  it('claim no second stem where a template gives each of them its own', async () => {
    const landed = await landParts('own', [1, 2]);
    const [first, second] = landed as [Landed, Landed];
    const renamed = { ...first, open: { ...first.open, fileName: 'elsewhere_001.mp4' } };
    await bench.move(second.key);
    await bench.store.overwrite(partKey(first.job.recordingId, 1, 'open'), renamed.open);
    await bench.move(first.key);
    expect(await keysOf(landed)).toEqual([plainKey(renamed), plainKey(second)]);
    expect(await bench.store.etag(stemClaimKey('library', 'stream_records/elsewhere'))).toBeUndefined();
    expect(await bench.store.etag(stemClaimKey('library', 'stream_records/own'))).toBeDefined();
  });

  it('leave no claim behind when their recording is deleted, and another one its own', async () => {
    const claim = stemClaimKey('library', 'stream_records/forgotten');
    const [first, second] = [await landParts('forgotten', [1]), await landParts('forgotten', [2])].flat() as [
      Landed,
      Landed,
    ];
    for (const { key } of [first, second]) await bench.move(key);
    for (const one of [first, second]) await end(one);
    const forget = ({ job }: Landed) =>
      deleteRecording(bench, job.recordingId, { records: true, hasTime: () => true });
    await forget(second);
    expect(await bench.store.etag(claim)).toBeDefined();
    await forget(first);
    expect(await bench.store.etag(claim)).toBeUndefined();
  });
});

/** Nothing more is recorded. */
async function end({ job }: Landed): Promise<void> {
  await bench.store.create(outcomeKey(job.recordingId), {
    status: 'finished',
    reason: { code: 'stopped', message: 'stopped' },
    parts: 1,
    atMs: START_MS,
  });
}

type Step =
  | { readonly kind: 'events'; readonly parts: readonly (readonly [number, number])[] }
  | {
      readonly kind: 'fault';
      readonly operation: string;
      readonly nth: number;
      readonly action: FaultAction;
    };

const PARTS = 3;
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('events' as const),
    // Recording and part; up to four at once.
    parts: fc.array(fc.tuple(fc.nat({ max: 1 }), fc.nat({ max: PARTS - 1 })), { minLength: 1, maxLength: 4 }),
  }),
  fc.record({
    kind: fc.constant('fault' as const),
    operation: fc.constantFrom('GetObject', 'PutObject', 'ListObjectsV2', 'HeadObject', 'CopyObject'),
    nth: fc.integer({ min: 1, max: 4 }),
    // A function that is cut off, before or after the request is carried out.
    action: fc.constantFrom<FaultAction>(
      { kind: 'fail', status: 503, code: 'SlowDown' },
      { kind: 'dropAnswer' },
    ),
  }),
);

it('two recordings of one name have a stem each, in any order, at once, and cut off anywhere', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 6 }),
      fc.option(fc.nat({ max: PARTS - 1 })),
      async (steps, taken) => {
        const name = `both ${recordings}`;
        const numbers = Array.from({ length: PARTS }, (_, index) => index + 1);
        const both = [await landParts(name, numbers), await landParts(name, numbers)];
        const foreign = taken === null ? undefined : plainKey(both[0]?.[taken] as Landed);
        if (foreign !== undefined) await bench.put('library', foreign, Buffer.from('foreign'));
        for (const one of steps) {
          if (one.kind === 'fault') {
            const { operation, nth, action } = one;
            bench.faults.add({ service: 's3', operation, nth, action });
          } else {
            const keys = one.parts.map(([recording, part]) => both[recording]?.[part]?.key ?? '');
            await Promise.allSettled(keys.map((key) => bench.move(key)));
          }
        }
        bench.faults.clear();
        for (const { key } of both.flat()) await bench.deliver(key, 1);
        const found = await Promise.all(both.map(keysOf));
        const kinds = both.map((landed, index) =>
          ['plain', 'suffixed'].find(
            (kind) => `${found[index]}` === `${landed.map(kind === 'plain' ? plainKey : suffixedKey)}`,
          ),
        );
        expect(kinds.toSorted()).toEqual(
          foreign === undefined ? ['plain', 'suffixed'] : ['suffixed', 'suffixed'],
        );
        if (foreign !== undefined) expect((await bench.read(foreign)).toString()).toBe('foreign');
      },
    ),
    { numRuns: 8 },
  );
}, 120_000);
