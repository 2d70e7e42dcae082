import { execFileSync } from 'node:child_process';
import { DeleteObjectCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { OutOfTime } from '../../../functions/aws/multipartUpload.ts';
import { EVENT_TYPES } from '../../../functions/core/events/published.ts';
import { type MergeJob, mergeOutcomeSchema } from '../../../functions/core/rooms/merge.ts';
import { MERGE_MARKERS_PREFIX, mergeKey } from '../../../functions/core/rooms/mergeKeys.ts';
import { recordingPrefix } from '../../../functions/core/state/keys.ts';
import { readRecording } from '../../../functions/recordings/read.ts';
import { fragmentsOf, liveMedia, nutOf } from '../../support/liveMedia.ts';
import { MediaFolder } from '../../support/media.ts';
import { cutIntoParts, type PartInMemory } from '../../support/parts.ts';
import { HASH } from '../../support/probing.ts';
import { describeWith } from '../../support/tools.ts';
import { SILENT } from '../clips/making.ts';
import { START_MS } from '../clips/recording.ts';
import { MoveBench } from '../relocation/bench.ts';
import { askMerge, keepInRoom, mergeMaking, NOW_MS } from './room.ts';

const VIDEO = { kind: 'video', codec: 'h264' } as const;
const SOUND = { kind: 'audio', codec: 'aac', sampleRateHz: 44_100 } as const;
const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '25', '-bf', '2'];
const AAC = ['-c:a', 'aac', '-ac', '1', '-b:a', '64k'];
const MIB = 1024 * 1024;

interface Shown {
  readonly hash: string;
  readonly atMs: number;
}

/** What every track of a file shows, in its own words: a hash of each frame, and when it is shown. */
function shownOf(file: string): Shown[][] {
  const args = [
    '-v',
    'error',
    '-threads',
    '1',
    '-i',
    file,
    '-map',
    '0',
    '-autoscale',
    '0',
    '-fps_mode:v',
    'passthrough',
    '-enc_time_base',
    '1:100000',
  ];
  const lines = execFileSync('ffmpeg', [...args, '-f', 'framehash', '-hash', HASH, '-'], {
    maxBuffer: 16 * MIB,
  })
    .toString()
    .split('\n');
  const scales = lines.flatMap((line) => {
    const [, numerator, denominator] = /^#tb \d+: (\d+)\/(\d+)/.exec(line) ?? [];
    return numerator === undefined ? [] : [(1000 * Number(numerator)) / Number(denominator)];
  });
  const tracks: Shown[][] = scales.map(() => []);
  for (const line of lines) {
    if (line === '' || line.startsWith('#')) continue;
    const [stream = '', , pts = '', , , hash = ''] = line.split(',').map((field) => field.trim());
    tracks[Number(stream)]?.push({ hash, atMs: Number(pts) * (scales[Number(stream)] ?? 0) });
  }
  return tracks;
}

const streamsOf = (file: string) =>
  (
    JSON.parse(execFileSync('ffprobe', ['-v', 'error', '-show_streams', '-of', 'json', file]).toString()) as {
      streams: { codec_type: string; width?: number; height?: number; tags: { handler_name: string } }[];
    }
  ).streams;

describeWith(['ffmpeg'], 'the tracks of a room as one file', () => {
  const folder = new MediaFolder();
  let bench: MoveBench;
  beforeAll(async () => {
    bench = await MoveBench.start();
  });
  afterAll(async () => {
    await bench.close();
    folder.remove();
  });

  /** Made, recorded, and cut into parts by the recorder's own code. */
  function record(
    name: string,
    {
      size,
      seconds,
      sound = true,
      more = [],
    }: {
      readonly size?: string;
      readonly seconds: number;
      readonly sound?: boolean;
      readonly more?: readonly string[];
    },
    everyMs = Number.POSITIVE_INFINITY,
  ): PartInMemory[] {
    const picture =
      size === undefined ? [] : ['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=25:duration=${seconds}`];
    const tone = ['-f', 'lavfi', '-i', `sine=frequency=${300 + 100 * seconds}:duration=${seconds}`];
    folder.make(`${name}.mkv`, [
      ...picture,
      ...(sound ? tone : []),
      ...(size === undefined ? [] : [...H264, ...more]),
      ...(sound ? AAC : []),
    ]);
    const found = [...(size === undefined ? [] : [VIDEO]), ...(sound ? [SOUND] : [])];
    const maps = found.map(({ kind }) => `0:${kind === 'video' ? 'v' : 'a'}:0`);
    const media = liveMedia(found, 'mp4', maps);
    return cutIntoParts(media, fragmentsOf(media, nutOf(folder.file(`${name}.mkv`), maps)), everyMs);
  }

  /** Makes it, and moves it, until it is settled. */
  async function made(job: MergeJob): Promise<string | undefined> {
    const making = mergeMaking(bench);
    for (let step = await making.make(job.mergeId, SILENT); step !== 'settled'; ) {
      const open = (await readRecording(bench.store, job.mergeId))?.parts.get(1)?.open;
      if (open !== undefined) await bench.move(open.key);
      step = await making.make(job.mergeId, SILENT);
    }
    return (await bench.store.read(mergeKey(job.mergeId, 'outcome'), mergeOutcomeSchema))?.value.status;
  }

  it('shows each participant as recorded, at the right time', async () => {
    const alice = record('alice', { size: '128x72', seconds: 2 });
    const aliceAgain = record('alice-again', { size: '160x90', seconds: 1 });
    const bob = record('bob', { size: '96x54', seconds: 3 }, 1_000);
    const carol = record('carol', { seconds: 2 });
    // 480p, and large enough that S3 copies it.
    const noise = ['-vf', 'noise=alls=90:allf=t', '-b:v', '45M', '-maxrate', '45M', '-bufsize', '5M'];
    const dave = record('dave', { size: '854x480', seconds: 2, sound: false, more: noise });
    expect([bob.length, dave[0]?.begun.length ?? 0]).toEqual([3, expect.toSatisfy((n) => n > 7 * MIB)]);

    /** Of the room's beginning: name, records, when each begins. */
    const there: [string, PartInMemory[], number[]][] = [
      ['alice', alice, [0]],
      ['carol', carol, [700]],
      [
        'bob',
        bob,
        bob.map(({ muxer }) => 1_500 + muxer.summary.startMs - (bob[0]?.muxer.summary.startMs ?? 0)),
      ],
      ['dave', dave, [2_040]],
      ['alice', aliceAgain, [3_300]],
    ];
    for (const [place, [name, parts, startsMs]] of there.entries()) {
      const numbered = parts.map((part, at) => [place * 10 + at + 1, { part, startMs: startsMs[at] ?? 0 }]);
      await keepInRoom(bench, 'four', { name, parts: Object.fromEntries(numbered) });
    }
    const job = await askMerge(bench, 'four');
    expect(await made(job)).toBe('available');

    const objects = await readRecording(bench.store, job.mergeId);
    const { moved, final } = objects?.parts.get(1) ?? {};
    expect(moved).toMatchObject({ key: 'stream_records/four-20260701T120000Z-tracks.mp4', incomplete: [] });
    const file = folder.write('merged.mp4', await bench.read(moved?.key ?? ''));
    const streams = streamsOf(file);
    expect(streams.map(({ codec_type, tags, width }) => [tags.handler_name, codec_type, width])).toEqual([
      ['alice', 'video', 128],
      ['alice', 'audio', undefined],
      ['carol', 'audio', undefined],
      ['bob', 'video', 96],
      ['bob', 'audio', undefined],
      ['dave', 'video', 854],
    ]);
    expect(final?.tracks.map(({ kind }) => kind)).toEqual(streams.map(({ codec_type }) => codec_type));

    const merged = shownOf(file);
    for (const [track, [name, kind]] of streams
      .map(({ tags, codec_type }) => [tags.handler_name, codec_type] as const)
      .entries()) {
      const sources = there.filter(([who]) => who === name);
      const expected = sources.flatMap(([, parts, startsMs], source) =>
        parts.flatMap((part, at) => {
          const own = folder.write(`${name}-${source}-${at}.mp4`, part.finished());
          const place = streamsOf(own).findIndex((stream) => stream.codec_type === kind);
          return (shownOf(own)[place] ?? []).map(({ hash, atMs }) => ({
            hash,
            atMs: atMs + (startsMs[at] ?? 0),
          }));
        }),
      );
      const shown = merged[track] ?? [];
      if (kind === 'video') expect(shown.map(({ hash }) => hash)).toEqual(expected.map(({ hash }) => hash));
      // Where one part of sound goes on in the next a decoder gives other samples; packets are counted by their times.
      expect(Math.abs(shown.length - expected.length)).toBeLessThanOrEqual(kind === 'video' ? 0 : 3);
      for (const [at, { atMs }] of expected.entries()) {
        if (kind === 'video')
          expect(Math.abs((shown[at]?.atMs ?? 0) - atMs), `${name} ${at}`).toBeLessThan(3);
        else expect(Math.min(...shown.map((one) => Math.abs(one.atMs - atMs)))).toBeLessThan(24);
      }
    }

    const [event] = bench.events.filter((one) => one['detail-type'] === EVENT_TYPES.roomMerged);
    expect(event?.detail).toMatchObject({
      recordingId: job.mergeId,
      room: 'four',
      layout: 'tracks',
      participants: ['alice', 'carol', 'bob', 'dave'],
      leftOut: [],
      startTime: new Date(START_MS).toISOString(),
    });
    expect(await bench.store.list(MERGE_MARKERS_PREFIX)).toEqual([]);
  });

  it('leaves nothing where it is given up, or a record of it is deleted, while it is copied', async () => {
    const [part] = record('eve', { size: '64x36', seconds: 1, sound: false });
    if (part === undefined) throw new Error('nothing was recorded');
    const openUploads = async (): Promise<number> =>
      (await bench.s3.send(new ListMultipartUploadsCommand({ Bucket: 'landing' }))).Uploads?.length ?? 0;
    /** A merge whose upload is open, and whose maker has no time left. */
    const begun = async (room: string) => {
      const { recordingId } = await keepInRoom(bench, room, {
        name: 'eve',
        parts: { 1: { part, startMs: 0 } },
      });
      const job = await askMerge(bench, room);
      const making = mergeMaking(bench);
      await expect(making.make(job.mergeId, SILENT, () => false)).rejects.toThrow(OutOfTime);
      expect(await openUploads()).toBe(1);
      return { mergeId: job.mergeId, making, recordingId };
    };
    const settledAs = async (mergeId: string) => {
      expect(await openUploads()).toBe(0);
      expect(await bench.store.list(recordingPrefix(mergeId))).toEqual([]);
      expect(await bench.keys('landing', `records/${mergeId}/`)).toEqual([]);
      return (await bench.store.read(mergeKey(mergeId, 'outcome'), mergeOutcomeSchema))?.value;
    };

    const unwanted = await begun('unwanted');
    const cancel = { requestedAtMs: START_MS, requestId: 'r' };
    await bench.store.create(mergeKey(unwanted.mergeId, 'cancel'), cancel);
    expect(await unwanted.making.make(unwanted.mergeId, SILENT)).toBe('settled');
    expect(await settledAs(unwanted.mergeId)).toMatchObject({ status: 'canceled' });

    const poorer = await begun('poorer');
    const Key = (await readRecording(bench.store, poorer.recordingId))?.parts.get(1)?.moved?.key;
    await bench.s3.send(new DeleteObjectCommand({ Bucket: 'library', Key }));
    expect(await poorer.making.make(poorer.mergeId, SILENT)).toBe('settled');
    const reason = { code: 'record_gone' };
    expect(await settledAs(poorer.mergeId)).toMatchObject({ status: 'failed', reason });

    const refused = await begun('refused');
    const denied = { kind: 'fail', status: 403, code: 'AccessDenied' } as const;
    bench.faults.add({
      ...{ service: 's3', operation: 'GetObject', match: '^library/', times: 1_000, action: denied },
    });
    const after = (ms: number) =>
      mergeMaking(bench, { nowMs: () => NOW_MS + ms }).make(refused.mergeId, SILENT);
    for (const ms of [0, 3_600_000 - 1])
      await expect(after(ms)).rejects.toMatchObject({ name: 'AccessDenied' });
    expect(await after(3_600_000)).toBe('settled');
    bench.faults.clear();
    expect(await settledAs(refused.mergeId)).toMatchObject({
      ...{ status: 'failed', reason: { code: 'storage_refused' } },
    });
  });
});
