import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Logger } from '@aws-lambda-powertools/logger';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Journal } from '../../../container/upload/journal.ts';
import { MemoryPages } from '../../../functions/core/media/pages.ts';
import {
  attemptKey,
  journalId,
  journalPrefix,
  outcomeKey,
  partKey,
} from '../../../functions/core/state/keys.ts';
import type { Job } from '../../../functions/core/state/objects.ts';
import { openPartSchema } from '../../../functions/core/state/partObjects.ts';
import { Written } from '../../support/journaledRecording.ts';
import { fragmentsOf, liveMedia, nutOf } from '../../support/liveMedia.ts';
import { frameHashes, MediaFolder } from '../../support/media.ts';
import { atLeastOne, PartInMemory } from '../../support/parts.ts';
import { describeWith } from '../../support/tools.ts';
import { MoveBench } from '../relocation/bench.ts';
import { askClip, clipMaking, readClip, SILENT } from './making.ts';
import { keepPart, keepRecording, START_MS } from './recording.ts';

const SECONDS = 10;
/** With this keyframe a second part begins. */
const SECOND_PART_MS = 4_000;
const MAPS = ['0:v:0', '0:a:0', '0:a:1'];

/** Of a language's packets, as they lie in the file. */
async function soundHash(file: string, place: number): Promise<string> {
  const args = [
    '-v',
    'error',
    '-nostdin',
    '-i',
    file,
    '-map',
    `0:a:${place}`,
    '-c',
    'copy',
    '-f',
    'md5',
    '-',
  ];
  return (await promisify(execFile)('ffmpeg', args)).stdout.trim();
}

describeWith(['ffmpeg'], 'a clip of what is still recorded', () => {
  const folder = new MediaFolder();
  let bench: MoveBench;
  let journal: Journal;
  let job: Job;
  let second: PartInMemory;
  let secondAtMs: number;
  let all: readonly string[];

  beforeAll(async () => {
    bench = await MoveBench.start();
    journal = new Journal(journalId('host', 'worker'), {
      ...{ s3: bench.s3, bucket: 'landing', log: new Logger({ logLevel: 'SILENT' }), nowMs: Date.now },
    });
    folder.make('source.mkv', [
      ...['-f', 'lavfi', '-i', `testsrc2=size=128x72:rate=25:duration=${SECONDS}`],
      ...['-f', 'lavfi', '-i', `sine=sample_rate=44100:duration=${SECONDS}`],
      ...['-f', 'lavfi', '-i', `sine=sample_rate=44100:frequency=880:duration=${SECONDS}`],
      ...['-map', '0', '-map', '1', '-map', '2'],
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '50', '-bf', '2'],
      ...['-c:a', 'aac', '-ac', '1'],
    ]);
    all = await frameHashes(folder.file('source.mkv'), 'v');
    const sound = { kind: 'audio', codec: 'aac', sampleRateHz: 44_100 } as const;
    // Players get one of both languages.
    const media = liveMedia([{ kind: 'video', codec: 'h264' }, sound, sound], 'mp4', MAPS);
    const fragments = fragmentsOf(media, nutOf(folder.file('source.mkv'), MAPS));
    const later = fragments.findIndex(({ startMs, keyframe }) => keyframe && startMs > SECOND_PART_MS - 100);
    const own = atLeastOne(fragments.slice(later));
    // The first one is in the library, and the second one in the journal alone.
    const first = new PartInMemory(media, atLeastOne(fragments.slice(0, later)));
    second = new PartInMemory(
      media,
      atLeastOne(own.map((one) => ({ ...one, bytes: Buffer.from(one.bytes) }))),
    );
    job = await keepRecording(bench, [{ part: first, startMs: 0 }]);
    await bench.store.remove(outcomeKey(job.recordingId));
    secondAtMs = Math.round(second.muxer.summary.startMs - first.muxer.summary.startMs);
    await keepPart(bench, job, 2, { part: second, startMs: secondAtMs, isUnderway: true });
    const muxer = media.startPart(own[0], new MemoryPages());
    const open = await bench.store.read(partKey(job.recordingId, 2, 'open'), openPartSchema);
    const init = muxer.playedHead?.toString('base64') ?? '';
    const head = muxer.head.toString('base64');
    await bench.store.overwrite(partKey(job.recordingId, 2, 'open'), { ...open?.value, init, head });
    await bench.store.create(attemptKey(job.recordingId, 1, 'claim'), {
      ...{ attempt: 1, claimedAtMs: START_MS, journal: journal.id },
    });
    const written = new Written(journal, job.recordingId, 0);
    for (const fragment of own) {
      written.add(Buffer.from(muxer.add(fragment)), muxer.played);
      await journal.flush();
    }
  });
  afterAll(async () => {
    await journal.close();
    await bench.close();
    folder.remove();
  });

  const made = async (fromMs: number, toMs: number) => {
    const asked = await askClip(bench, job, { fromMs, toMs });
    await clipMaking(bench).make(asked, SILENT);
    return (await readClip(bench, asked)) ?? asked;
  };
  const picturesOf = async (key: string | undefined): Promise<string[]> =>
    frameHashes(folder.write('clip.mp4', await bench.read(key ?? '')), 'v');

  it.each([
    ['of it alone, from the middle of a group of pictures on', 5_000, 7_800],
    ['with what is in the library before it', 3_000, 8_000],
  ])('is made out of the journal: %s', async (_what, fromMs, toMs) => {
    const { status, record } = await made(fromMs, toMs);
    expect(status).toBe('available');
    expect(await picturesOf(record?.key)).toEqual(all.slice(fromMs / 40, toMs / 40));
    // A record may begin with a frame of sound.
    expect(Math.abs((record?.startTimeMs ?? 0) - START_MS - fromMs)).toBeLessThan(45);
    expect(Math.abs((record?.durationMs ?? 0) - (toMs - fromMs))).toBeLessThan(45);
    expect(record?.tracks.map(({ kind }) => kind)).toEqual(['video', 'audio', 'audio']);
    expect(await bench.openUploads()).toBe(0);
  });

  it('waits where the journal does not reach so far, or has lost some of it', async () => {
    expect((await made(8_000, SECONDS * 1000 + 2_000)).status).toBe('waiting');
    const objects = await bench.store.list(journalPrefix(journal.id));
    const lost = objects[2] ?? '';
    const bytes = await bench.store.readBytes(lost);
    await bench.store.remove(lost);
    expect((await made(5_000, 7_800)).status).toBe('waiting');
    await bench.store.overwriteBytes(lost, bytes ?? Buffer.alloc(0));
    expect((await made(5_000, 7_800)).status).toBe('available');
  });

  it('is begun anew out of its record where that came while it was made', async () => {
    const fromJournal = await made(5_000, 7_800);
    const asked = await askClip(bench, job, { fromMs: 5_000, toMs: 7_800, name: 'begun' });
    await expect(clipMaking(bench).make(asked, SILENT, () => false)).rejects.toThrow();
    const begun = (await readClip(bench, asked))?.upload;
    expect(begun).toMatchObject({ journaled: true });
    await keepPart(bench, job, 2, { part: second, startMs: secondAtMs });
    await clipMaking(bench).make(asked, SILENT);
    const clip = await readClip(bench, asked);
    expect(clip?.status).toBe('available');
    expect(await picturesOf(clip?.record?.key)).toEqual(all.slice(125, 195));
    const soundsOf = async (key: string | undefined): Promise<readonly string[]> => {
      const file = folder.write('clip.mp4', await bench.read(key ?? ''));
      return [await soundHash(file, 0), await soundHash(file, 1)];
    };
    const [journaled, recorded] = [
      await soundsOf(fromJournal.record?.key),
      await soundsOf(clip?.record?.key),
    ];
    expect(journaled).toEqual(recorded);
    expect(new Set(recorded).size).toBe(2);
    expect(await bench.openUploads()).toBe(0);
  });
});
