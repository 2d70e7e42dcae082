import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import {
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { Mp4Fragment } from '../functions/core/media/mp4/fragment.ts';
import { MemoryPages } from '../functions/core/media/pages.ts';
import { toBuffer } from '../functions/core/media/pieces.ts';
import { fragmentIndexKey, partKey } from '../functions/core/state/keys.ts';
import { readVodPlaylist } from '../functions/playback/vod.ts';
import { askClip, clipMaking, readClip, SILENT } from '../test/functions/clips/making.ts';
import { keepRecording, START_MS } from '../test/functions/clips/recording.ts';
import { MoveBench } from '../test/functions/relocation/bench.ts';
import { fragmentsOf, liveMedia, nutOf } from '../test/support/liveMedia.ts';
import { MediaFolder } from '../test/support/media.ts';
import { atLeastOne } from '../test/support/parts.ts';
import { type Benchmark, timed } from './report.ts';

const MIB = 1024 * 1024;
/** Of the source, which is sent again and again; a whole number of frames of picture and sound. */
const PERIOD_MS = 64_000;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const S3_PART_BYTES = 64 * MIB;
const KEY = 'stream_records/day.mp4';

/** An hour out of a day's record, and the list by which the day is played. */
export const clips: Benchmark = {
  name: 'clips and lists of a day in one part',
  async run() {
    const bench = await MoveBench.start();
    const folder = new MediaFolder();
    try {
      const { job, bytes } = await keepDay(bench, folder);
      const span = { fromMs: 12 * HOUR_MS + 1_234, toMs: 13 * HOUR_MS + 1_234 };
      const reading = countReads(bench);
      const asked = await askClip(bench, job, span);
      const ms = await timed(async () => void (await clipMaking(bench, reading.s3).make(asked, SILENT)));
      const clip = await readClip(bench, asked);
      const baseline = await timed(() => cutByFfmpeg(bench, folder, span));
      let list = '';
      const listMs = await timed(async () => {
        list = await readVodPlaylist(bench.store, job.recordingId);
      });
      const detail = `a record of ${megabytes(bytes)} MB, a clip of ${megabytes(clip?.record?.bytes ?? 0)} MB`;
      return [
        { name: 'an hour of it as a clip', value: ms, unit: 'ms', aim: 3_000, detail },
        {
          name: 'an hour of it as a clip',
          value: ms / baseline,
          unit: '×',
          baseline: 'a download and ffmpeg -c copy',
        },
        { name: 'read for it', value: reading.bytes() / MIB, unit: 'MiB', detail: 'its own tables included' },
        { name: 'the list of the day, made', value: listMs, unit: 'ms', aim: 500 },
        { name: 'the list of the day', value: Buffer.byteLength(list) / 1e6, unit: 'MB', aim: 1 },
      ];
    } finally {
      folder.remove();
      await bench.close();
    }
  },
};

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);

/** A day as its recorder and relocate leave it. */
async function keepDay(bench: MoveBench, folder: MediaFolder) {
  folder.make('minute.mkv', [
    ...['-f', 'lavfi', '-i', `testsrc2=size=320x180:rate=25:duration=${PERIOD_MS / 1000}`],
    ...['-f', 'lavfi', '-i', `sine=sample_rate=48000:duration=${PERIOD_MS / 1000}`],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-b:v', '300k', '-g', '50', '-bf', '2'],
    ...['-pix_fmt', 'yuv420p', '-c:a', 'aac', '-b:a', '64k'],
  ]);
  const sound = { kind: 'audio', codec: 'aac', sampleRateHz: 48_000 } as const;
  const media = liveMedia([{ kind: 'video', codec: 'h264' }, sound], 'mp4');
  const fragments = atLeastOne(fragmentsOf(media, nutOf(folder.file('minute.mkv'))) as Mp4Fragment[]);
  const muxer = media.startPart(fragments[0], new MemoryPages());
  const job = await keepRecording(bench, []);
  const target = { Bucket: 'library', Key: KEY };
  const { UploadId } = await bench.s3.send(
    new CreateMultipartUploadCommand({ ...target, ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' }),
  );
  const parts: CompletedPart[] = [];
  const upload = async (PartNumber: number, Body: Buffer): Promise<void> => {
    const { ETag, ChecksumCRC32 } = await bench.s3.send(
      new UploadPartCommand({ ...target, UploadId, PartNumber, Body, ChecksumAlgorithm: 'CRC32' }),
    );
    parts.push({ PartNumber, ETag, ChecksumCRC32 });
  };
  let first: Buffer | undefined;
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  for (let at = 0; at < DAY_MS; at += PERIOD_MS)
    for (const fragment of fragments) {
      const added = Buffer.from(muxer.add(moved(fragment, at)));
      waiting.push(added);
      waitingBytes += added.length;
      if (waitingBytes < S3_PART_BYTES) continue;
      const body = Buffer.concat(waiting);
      if (first === undefined) first = body;
      else await upload(parts.length + 2, body);
      waiting = [];
      waitingBytes = 0;
    }
  await upload(parts.length + 2, Buffer.concat(waiting));
  const { head, index } = muxer.finish();
  if (head === undefined || index === undefined) throw new Error('an MP4 has both');
  await upload(1, Buffer.concat([toBuffer(head), first ?? Buffer.alloc(0)]));
  parts.sort((one, other) => (one.PartNumber ?? 0) - (other.PartNumber ?? 0));
  await bench.s3.send(
    new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts: parts } }),
  );
  const { ETag: etag = '', ContentLength: bytes = 0 } = await bench.head(KEY);
  const { durationMs } = muxer.summary;
  const place = { part: 1, attempt: 1, key: 'records/day.mp4', uploadId: 'u', format: 'mp4' } as const;
  const tracks = muxer.tracks.map((track) => ({ ...track }));
  const [startTimeMs, endTimeMs] = [START_MS, Math.round(START_MS + durationMs)];
  const open = { ...place, fileName: 'day.mp4', openedAtMs: START_MS, startTimeMs, tracks };
  const final = {
    ...{ ...place, uploaded: [], bytes, crc32: '', durationMs, startTimeMs, endTimeMs, tracks },
    ...{ startTimeMillis: startTimeMs, endTimeMillis: endTimeMs, videoFrames: 1, recovered: false },
    finalizedAtMs: endTimeMs,
  };
  const record = { part: 1, bucket: 'library', key: KEY, etag, bytes, movedAtMs: endTimeMs };
  await bench.store.create(partKey(job.recordingId, 1, 'open'), open);
  await bench.store.create(partKey(job.recordingId, 1, 'final'), final);
  await bench.store.create(partKey(job.recordingId, 1, 'moved'), record);
  await bench.store.overwriteBytes(fragmentIndexKey(job.recordingId, 1), toBuffer(index));
  return { job, bytes };
}

/** The same media, so much later. */
function moved(fragment: Mp4Fragment, laterMs: number): Mp4Fragment {
  return {
    ...fragment,
    bytes: Buffer.from(fragment.bytes),
    startMs: fragment.startMs + laterMs,
    endMs: fragment.endMs + laterMs,
    tracks: fragment.tracks.map((one) => ({
      ...one,
      decodeTime: one.decodeTime + (laterMs / 1000) * one.track.timescale,
    })),
  };
}

/** Bytes of the library that are read. */
function countReads({ s3 }: MoveBench) {
  let bytes = 0;
  const send = async (command: object): Promise<unknown> => {
    const answer = await s3.send(command as GetObjectCommand);
    if (command instanceof GetObjectCommand) bytes += answer.ContentLength ?? 0;
    return answer;
  };
  return { s3: Object.assign(Object.create(s3) as typeof s3, { send }), bytes: () => bytes };
}

/** What one does without clips. */
async function cutByFfmpeg(
  { s3 }: MoveBench,
  folder: MediaFolder,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Promise<void> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'library', Key: KEY }));
  await pipeline(Body as Readable, createWriteStream(folder.file('download.mp4')));
  await promisify(execFile)('ffmpeg', [
    ...['-v', 'error', '-nostdin', '-ss', String(fromMs / 1000), '-to', String(toMs / 1000)],
    ...['-i', folder.file('download.mp4'), '-c', 'copy', '-y', folder.file('cut.mp4')],
  ]);
}
