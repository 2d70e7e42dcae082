import { GetObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { overlapKey, partKey, recordKey } from '../../../functions/core/state/keys.ts';
import type { Job } from '../../../functions/core/state/objects.ts';
import {
  movedPartSchema,
  type Overlap,
  openPartSchema,
  overlapSchema,
} from '../../../functions/core/state/partObjects.ts';
import { readVodPlaylist } from '../../../functions/playback/vod.ts';
import { fragmentsOf, liveMedia, nutOf } from '../../support/liveMedia.ts';
import { frameHashes, MediaFolder } from '../../support/media.ts';
import { atLeastOne, PartInMemory } from '../../support/parts.ts';
import { describeWith } from '../../support/tools.ts';
import { MoveBench } from '../relocation/bench.ts';
import { askClip, clipMaking, readClip, SILENT } from './making.ts';
import { keepPart, keepRecording } from './recording.ts';

const SECONDS = 8;
/** A keyframe, with which the second attempt begins. */
const TAKEN_OVER_MS = 4_000;
const CLOCKS_DIFFER_MS = 800;
const MAPS = ['0:v:0'];

describeWith(['ffmpeg'], 'the records of a hand-over', () => {
  const folder = new MediaFolder();
  let bench: MoveBench;
  let first: PartInMemory;
  let second: PartInMemory;

  beforeAll(async () => {
    bench = await MoveBench.start();
    folder.make('source.mkv', [
      ...['-f', 'lavfi', '-i', `testsrc2=size=128x72:rate=25:duration=${SECONDS}`],
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '50', '-bf', '2'],
    ]);
    const media = liveMedia([{ kind: 'video', codec: 'h264' }], 'mp4', MAPS);
    const fragments = fragmentsOf(media, nutOf(folder.file('source.mkv'), MAPS));
    const later = fragments.findIndex(({ startMs, keyframe }) => keyframe && startMs > TAKEN_OVER_MS - 100);
    // For two fragments both recorders had it.
    first = new PartInMemory(media, atLeastOne(fragments.slice(0, later + 2)));
    second = new PartInMemory(media, atLeastOne(fragments.slice(later)));
  });
  afterAll(async () => {
    await bench.close();
    folder.remove();
  });

  /** As two recorders leave it: nobody has moved its records. */
  async function landed(): Promise<Job> {
    const job = await keepRecording(bench, []);
    await keepPart(bench, job, 1, { part: first, startMs: 0, isLanded: true });
    const startMs = TAKEN_OVER_MS + CLOCKS_DIFFER_MS;
    await keepPart(bench, job, 2, { part: second, startMs, attempt: 2, isLanded: true });
    return job;
  }

  /** The attempt's number is its part's. */
  async function relocate({ recordingId }: Job, part: number): Promise<void> {
    const open = await bench.store.read(partKey(recordingId, part, 'open'), openPartSchema);
    await bench.move(recordKey(recordingId, part, open?.value.fileName ?? ''));
    expect(await movedOf(recordingId, part)).toMatchObject({ bucket: 'library' });
  }

  const movedOf = async (recordingId: string, part: number) =>
    (await bench.store.read(partKey(recordingId, part, 'moved'), movedPartSchema))?.value;

  const overlapOf = async ({ recordingId }: Job): Promise<Overlap | undefined> =>
    (await bench.store.read(overlapKey(recordingId, 2), overlapSchema))?.value;

  it.each([
    ['the earlier', [1, 2]],
    ['the later', [2, 1]],
  ] as const)(
    'tell relocate where the second begins; %s one is moved first',
    async (_which, [one, other]) => {
      const job = await landed();
      await relocate(job, one);
      expect(await overlapOf(job)).toBeUndefined();
      await relocate(job, other);
      expect(await overlapOf(job)).toEqual({
        part: 2,
        earlier: 1,
        zeroMs: expect.closeTo(TAKEN_OVER_MS, 0),
      });
      // The list has every second once.
      const list = await readVodPlaylist(bench.store, job.recordingId);
      const seconds = [...list.matchAll(/#EXTINF:([\d.]+)/g)].map(([, duration]) => Number(duration));
      expect(seconds.reduce((sum, duration) => sum + duration, 0)).toBeCloseTo(SECONDS, 1);
    },
  );

  it('are moved where one of them was replaced, and their clocks tell it', async () => {
    const job = await landed();
    await relocate(job, 1);
    const { key = '' } = (await movedOf(job.recordingId, 1)) ?? {};
    await bench.put('library', key, Buffer.from('of somebody else'));
    await relocate(job, 2);
    expect(await overlapOf(job)).toBeUndefined();
  });

  it('become one file with every picture once, and are read side by side', async () => {
    const job = await landed();
    await relocate(job, 1);
    await relocate(job, 2);
    const keys = new Set<string | undefined>();
    const both = Promise.withResolvers<void>();
    const send = async (command: object): Promise<unknown> => {
      if (command instanceof GetObjectCommand) {
        keys.add(command.input.Key);
        if (keys.size === 2) both.resolve();
        // Nobody hears of the first record's tables before the second's are asked for.
        await both.promise;
      }
      return bench.cut.send(command as GetObjectCommand);
    };
    const s3 = Object.assign(Object.create(bench.cut) as typeof bench.cut, { send });
    const asked = await askClip(bench, job, { fromMs: 0, toMs: 1000 * SECONDS + 1_000, kind: 'join' });
    expect(await clipMaking(bench, s3).make(asked, SILENT)).toBe('settled');
    const clip = await readClip(bench, asked);
    expect(clip).toMatchObject({ status: 'available', record: { parts: [1, 2] } });
    const file = folder.write('join.mp4', await bench.read(clip?.record?.key ?? ''));
    expect(await frameHashes(file, 'v')).toEqual(await frameHashes(folder.file('source.mkv'), 'v'));
  });
});
