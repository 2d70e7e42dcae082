import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { abortUpload, OutOfTime } from '../../../functions/aws/multipartUpload.ts';
import { signFile } from '../../../functions/aws/signedFile.ts';
import { askForClip, deleteClip } from '../../../functions/clips/asking.ts';
import { clipView } from '../../../functions/core/api/clipView.ts';
import type { Clip } from '../../../functions/core/clips/clip.ts';
import { clipKey, clipMarkerKey } from '../../../functions/core/clips/keys.ts';
import { EVENT_SCHEMAS, EVENT_TYPES } from '../../../functions/core/events/published.ts';
import { boxesIn } from '../../../functions/core/media/mp4/boxes.ts';
import { controlKey, jobKey, outcomeKey, partKey } from '../../../functions/core/state/keys.ts';
import { controlSchema, type Job } from '../../../functions/core/state/objects.ts';
import { movedPartSchema } from '../../../functions/core/state/partObjects.ts';
import { describePart } from '../../../functions/core/upload/uploadedParts.ts';
import { readVodPlaylist } from '../../../functions/playback/vod.ts';
import { readRecording } from '../../../functions/recordings/read.ts';
import type { FaultRule } from '../../../infra/emulators/shared/faults.ts';
import { fragmentsOf, liveMedia, nutOf } from '../../support/liveMedia.ts';
import { frameHashes, MediaFolder } from '../../support/media.ts';
import { cutIntoParts, type PartInMemory } from '../../support/parts.ts';
import { describeWith } from '../../support/tools.ts';
import { MoveBench } from '../relocation/bench.ts';
import {
  askClip,
  askingPorts,
  clipMaking,
  dying,
  intercepted,
  makeClip,
  readClip,
  SILENT,
} from './making.ts';
import { keepPart, keepRecording, START_MS } from './recording.ts';

const MIB = 1024 * 1024;
const MINUTE_MS = 60_000;
const MIDDLE = { fromMs: 1_240, toMs: 3_560 };

describeWith(['ffmpeg'], 'the making of a clip', () => {
  const folder = new MediaFolder();
  let bench: MoveBench;
  let part: PartInMemory;
  let job: Job;
  beforeAll(async () => {
    bench = await MoveBench.start();
    // Noise: 24 MB in four seconds.
    folder.make('noise.mkv', [
      ...['-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=25:duration=4', '-vf', 'noise=alls=90:allf=t'],
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-b:v', '50M', '-maxrate', '50M', '-bufsize', '5M'],
      ...['-pix_fmt', 'yuv420p', '-g', '25'],
    ]);
    const maps = ['0:v:0'];
    const media = liveMedia([{ kind: 'video', codec: 'h264' }], 'mp4', maps);
    const fragments = fragmentsOf(media, nutOf(folder.file('noise.mkv'), maps));
    const [only] = cutIntoParts(media, fragments, Number.POSITIVE_INFINITY);
    if (only === undefined) throw new Error('there is no part');
    part = only;
    job = await keepRecording(bench, [{ part, startMs: 0 }]);
  });
  afterAll(async () => {
    await bench.close();
    folder.remove();
  });

  /** The clip is what it should be, is told of, and nothing else is left of it. */
  async function expectMade(clip: Clip): Promise<Buffer> {
    expect(clip).toMatchObject({ status: 'available' });
    const { key = '', bytes, crc32 } = clip.record ?? {};
    const body = await bench.read(key);
    expect(describePart(1, body)).toMatchObject({ bytes, crc32 });
    expect(boxesIn(body).map(({ type }) => type)).toEqual(['ftyp', 'moov', 'mdat']);
    expect(await bench.openUploads()).toBe(0);
    expect(await bench.store.list(clipMarkerKey(clip.recordingId, clip.clipId))).toEqual([]);
    const told = bench.events
      .filter((event) => event['detail-type'] === EVENT_TYPES.clipAvailable)
      .map(({ detail }) => EVENT_SCHEMAS[EVENT_TYPES.clipAvailable].parse(detail))
      .filter(({ clipId }) => clipId === clip.clipId);
    expect(new Set(told.map(({ id }) => id))).toEqual(
      new Set([`${clip.recordingId}/clip-available/${clip.clipId}`]),
    );
    expect(told[0]).toMatchObject({ key, bytes, crc32 });
    return body;
  }

  it('leaves the media where they are but for the first 5 MiB', async () => {
    const before = bench.calls.length;
    const clip = await makeClip(bench, job, MIDDLE);
    const body = await expectMade(clip);
    expect(body.length).toBeGreaterThan(12 * MIB);
    expect(clip.record?.key).toMatch(/^stream_records\/camera%20\d+_1-clip-1240-3560\.mp4$/);
    const record = folder.write('record.mp4', part.finished());
    const pictures = await frameHashes(record, 'v');
    expect(await frameHashes(folder.write('clip.mp4', body), 'v')).toEqual(pictures.slice(31, 89));
    expect(bench.calls.length).toBe(before);
  });

  it.each([
    ['begun and not noted', CreateMultipartUploadCommand.name, 'lost'],
    ['copying', UploadPartCopyCommand.name, 'fail'],
    ['completed, of which it does not hear', CompleteMultipartUploadCommand.name, 'lost'],
  ] as const)('goes on where its maker died: %s', async (_where, command, how) => {
    const asked = await askClip(bench, job, { ...MIDDLE, name: `killed ${command}` });
    await expect(clipMaking(bench, dying(bench, command, how)).make(asked, SILENT)).rejects.toThrow(
      'it died',
    );
    // As reconcile does it.
    const later = Date.now() + 20 * MINUTE_MS;
    expect(await clipMaking(bench, bench.cut, later).make(asked, SILENT)).toBe('settled');
    await expectMade((await readClip(bench, asked)) ?? asked);
  });

  it('goes on in the next call where the time was over', async () => {
    const asked = await askClip(bench, job, MIDDLE);
    let steps = 0;
    await expect(clipMaking(bench).make(asked, SILENT, () => ++steps < 2)).rejects.toThrow(OutOfTime);
    const begun = (await readClip(bench, asked))?.upload;
    await clipMaking(bench).make(asked, SILENT);
    expect(begun?.uploadId).toBeDefined();
    await expectMade((await readClip(bench, asked)) ?? asked);
  });

  it('is done once by two at the same time, and told again where the message comes again', async () => {
    const asked = await askClip(bench, job, { ...MIDDLE, name: 'twice' });
    await Promise.allSettled([1, 2].map(() => clipMaking(bench).make(asked, SILENT)));
    await clipMaking(bench).make(asked, SILENT);
    await clipMaking(bench).make(asked, SILENT);
    await expectMade((await readClip(bench, asked)) ?? asked);
    expect(await bench.keys('library', 'stream_records/twice')).toEqual(['stream_records/twice.mp4']);
  });

  it('takes another name where one is taken, and overwrites nothing', async () => {
    await bench.put('library', 'stream_records/goal.mp4', Buffer.from('of somebody else'));
    const clip = await makeClip(bench, job, { ...MIDDLE, name: 'goal.mp4' });
    await expectMade(clip);
    expect(clip.record?.key).toBe(`stream_records/goal-${clip.clipId}_001.mp4`);
    expect((await bench.read('stream_records/goal.mp4')).toString()).toBe('of somebody else');
    const other = await makeClip(bench, job, { fromMs: 0, toMs: 400, name: '../goal' });
    expect(other.record?.key).not.toContain('/../');
  });

  it('waits for a part that is still recorded', async () => {
    const own = await keepRecording(bench, [{ part, startMs: 0 }]);
    await keepPart(bench, own, 2, { part, startMs: 4_000, isUnderway: true });
    const asked = await askClip(bench, own, { fromMs: 3_000, toMs: 5_000 });
    expect(await clipMaking(bench).make(asked, SILENT)).toBe('waiting');
    expect(await readClip(bench, asked)).toMatchObject({ status: 'waiting' });
    await keepPart(bench, own, 2, { part, startMs: 4_000 });
    expect(await clipMaking(bench).make(asked, SILENT)).toBe('settled');
    const clip = (await readClip(bench, asked)) ?? asked;
    await expectMade(clip);
    expect(clip.record?.parts).toEqual([1, 2]);
  });

  it('waits a day for a record that does not come into the library, and then says so', async () => {
    const own = await keepRecording(bench, [{ part, startMs: 0 }]);
    await bench.store.remove(partKey(own.recordingId, 1, 'moved'));
    const asked = await askClip(bench, own, MIDDLE);
    const after = (ms: number) => clipMaking(bench, bench.cut, START_MS + ms).make(asked, SILENT);
    expect(await after(24 * 3_600_000 - 1)).toBe('waiting');
    expect(await after(24 * 3_600_000)).toBe('settled');
    expect(await readClip(bench, asked)).toMatchObject({
      status: 'failed',
      reason: { code: 'record_not_moved', message: expect.stringContaining('Part 1') },
    });
  });

  it('is given up where the recording is deleted meanwhile', async () => {
    const own = await keepRecording(bench, [{ part, startMs: 0 }]);
    const asked = await askClip(bench, own, MIDDLE);
    await bench.store.remove(jobKey(own.recordingId));
    expect(await clipMaking(bench).make(asked, SILENT)).toBe('settled');
    expect(await bench.store.list(clipMarkerKey(own.recordingId, asked.clipId))).toEqual([]);
    expect(await bench.openUploads()).toBe(0);
  });

  it('ends a part that is still recorded where that is asked', async () => {
    const own = await keepRecording(bench, []);
    await bench.store.remove(outcomeKey(own.recordingId));
    await keepPart(bench, own, 1, { part, startMs: 0, isUnderway: true });
    const objects = await readRecording(bench.store, own.recordingId);
    if (objects === undefined) throw new Error('there is no recording');
    const sent: object[] = [];
    const ports = askingPorts(bench, async (message) => void sent.push(message));
    const by = { requestId: 'q', nowMs: START_MS + 9_000, random: Buffer.alloc(16, 7) };
    const { clip } = await askForClip(ports, objects, { from: 0, to: 2_000, rotate: true }, by);
    expect(sent).toEqual([{ version: 1, recordingId: own.recordingId, clipId: clip.clipId }]);
    const control = await bench.store.read(controlKey(own.recordingId), controlSchema);
    expect(control?.value.commands).toMatchObject([{ kind: 'rotate' }]);
  });

  it('fails, says why and leaves nothing where a record was replaced, or is gone', async () => {
    const own = await keepRecording(bench, [{ part, startMs: 0 }]);
    const [moved] = (await bench.keys('library', `stream_records/camera`)).slice(-1);
    await bench.put('library', moved ?? '', Buffer.from('another'));
    const clip = await makeClip(bench, own, MIDDLE);
    expect(clip).toMatchObject({ status: 'failed', reason: { code: 'record_gone' } });
    expect(await bench.openUploads()).toBe(0);
    const told = bench.events.filter((event) => event['detail-type'] === EVENT_TYPES.clipFailed);
    expect(EVENT_SCHEMAS[EVENT_TYPES.clipFailed].parse(told.at(-1)?.detail)).toMatchObject({
      clipId: clip.clipId,
    });
    expect(await bench.store.list(clipMarkerKey(clip.recordingId, clip.clipId))).toEqual([]);
  });

  /** As S3 answers where a library is another account's, and its bucket policy does not let this one in. */
  const denied = (operation: string): FaultRule => ({
    service: 's3',
    operation,
    match: '^library/',
    times: 1_000,
    action: { kind: 'fail', status: 403, code: 'AccessDenied' },
  });

  const HOUR_MS = 60 * MINUTE_MS;
  const refusedFrom = (asked: Clip, laterMs: number) =>
    expect(clipMaking(bench, bench.cut, START_MS + laterMs).make(asked, SILENT)).rejects.toMatchObject({
      ...{ name: 'AccessDenied', $metadata: { httpStatusCode: 403 } },
    });

  it.each(['GetObject', 'CreateMultipartUpload', 'UploadPartCopy', 'CompleteMultipartUpload'])(
    'says what S3 says where the library is another account’s and refuses %s, is made once it does not, and fails after an hour',
    async (operation) => {
      const clip = await askClip(bench, job, { ...MIDDLE, name: `denied ${operation}` });
      const join = await askClip(bench, job, { fromMs: 0, toMs: 4_000, kind: 'join' });
      const other = await askClip(bench, job, { ...MIDDLE, name: `gone ${operation}` });
      bench.faults.add(denied(operation));
      for (const asked of [clip, join, other]) {
        await refusedFrom(asked, 0);
        expect(clipView((await readClip(bench, asked)) ?? asked, undefined)).toMatchObject({
          status: 'processing',
          reason: { code: 'storage_refused', message: expect.stringContaining('AccessDenied') },
        });
      }
      await refusedFrom(other, HOUR_MS - 1);
      expect(await clipMaking(bench, bench.cut, START_MS + HOUR_MS).make(other, SILENT)).toBe('settled');
      const failed = await readClip(bench, other);
      expect(failed).toMatchObject({ status: 'failed', reason: { code: 'storage_refused' } });
      expect([failed?.upload, failed?.refused]).toEqual([undefined, undefined]);
      expect(await bench.store.list(clipMarkerKey(job.recordingId, other.clipId))).toEqual([]);
      const told = bench.events.findLast((event) => event['detail-type'] === EVENT_TYPES.clipFailed);
      expect(EVENT_SCHEMAS[EVENT_TYPES.clipFailed].parse(told?.detail)).toMatchObject({
        ...{ clipId: other.clipId, reason: failed?.reason },
      });
      bench.faults.clear();
      // Who does not wait for the policy deletes it: nothing stays open.
      await deleteClip(
        askingPorts(bench, async () => undefined),
        job.recordingId,
        join.clipId,
      );
      expect(await clipMaking(bench).make(clip, SILENT)).toBe('settled');
      const made = (await readClip(bench, clip)) ?? clip;
      await expectMade(made);
      expect(made.refused).toBeUndefined();
    },
  );

  it('fails after an hour where S3 refuses to end its upload too', async () => {
    const asked = await askClip(bench, job, { ...MIDDLE, name: 'all denied' });
    bench.faults.add(denied('UploadPartCopy'), denied('AbortMultipartUpload'));
    await refusedFrom(asked, 0);
    const upload = (await readClip(bench, asked))?.upload;
    expect(await clipMaking(bench, bench.cut, START_MS + HOUR_MS).make(asked, SILENT)).toBe('settled');
    bench.faults.clear();
    expect(await readClip(bench, asked)).toMatchObject({ status: 'failed' });
    if (upload === undefined) throw new Error('nothing was begun');
    await abortUpload(bench.s3, upload);
    expect(await bench.openUploads()).toBe(0);
  });

  it('lists what it may not read in another account’s library, and S3 refuses whoever follows a link', async () => {
    const moved = await bench.store.read(partKey(job.recordingId, 1, 'moved'), movedPartSchema);
    const { bucket = '', key = '' } = moved?.value ?? {};
    bench.faults.add(denied('GetObject'), denied('HeadObject'));
    expect(await readVodPlaylist(bench.store, job.recordingId)).toContain('\n1.mp4\n');
    const answer = await fetch(
      await signFile(bench.s3, { as: 'inline', bucket, key }, { expiresInSeconds: 60, isHead: false }),
    );
    bench.faults.clear();
    expect([answer.status, await answer.text()]).toEqual([
      403,
      expect.stringContaining('<Code>AccessDenied</Code>'),
    ]);
  });

  it('of a recording without an index says so', async () => {
    const own = await keepRecording(bench, [{ part, startMs: 0 }]);
    await bench.store.remove(partKey(own.recordingId, 1, 'moved').replace('moved.json', 'fragments.index'));
    expect(await makeClip(bench, own, MIDDLE)).toMatchObject({ status: 'failed', reason: { code: 'index' } });
  });

  it('is given up where the clip is deleted meanwhile', async () => {
    const asked = await askClip(bench, job, { ...MIDDLE, name: 'deleted' });
    const deleting = intercepted(bench, CompleteMultipartUploadCommand.name, async () => {
      await bench.store.remove(clipKey(job.recordingId, asked.clipId));
    });
    expect(await clipMaking(bench, deleting).make(asked, SILENT)).toBe('settled');
    expect(await bench.keys('library', 'stream_records/deleted')).toEqual([]);
    expect(await bench.openUploads()).toBe(0);
    expect(await bench.store.list(clipMarkerKey(job.recordingId, asked.clipId))).toEqual([]);
  });
});
