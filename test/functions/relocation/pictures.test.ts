import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeStoryboard } from '../../../functions/core/pictures/storyboard.ts';
import { DEFAULT_PICTURES } from '../../../functions/core/settings/pictures.ts';
import { outcomeKey, posterKey, storyboardKey } from '../../../functions/core/state/keys.ts';
import { readStoryboard } from '../../../functions/playback/storyboard.ts';
import { deleteRecording } from '../../../functions/recordings/delete.ts';
import { patternBytes } from '../../contract/s3/support.ts';
import { MoveBench } from './bench.ts';
import type { Landed } from './landed.ts';

const POSTER = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1]);
const SPRITE = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 2]);
const LAYOUT = { tileWidth: 160, tileHeight: 90, columns: 2, timesMs: [0, 2_000] };

let bench: MoveBench;
beforeAll(async () => {
  bench = await MoveBench.start();
});
afterAll(() => bench.close());

async function land(streamName: string, poster: Buffer = POSTER): Promise<Landed> {
  const landed = await bench.land(patternBytes(1_000), {
    streamName,
    settings: { pictures: DEFAULT_PICTURES, tags: { tenant: 'a' } },
  });
  const { recordingId } = landed.job;
  await bench.store.overwriteBytes(posterKey(recordingId, 1), poster);
  await bench.store.overwriteBytes(
    storyboardKey(recordingId, 1),
    encodeStoryboard({ layout: LAYOUT, sprite: SPRITE }),
  );
  return landed;
}

describe('the pictures of a record', () => {
  it('lie beside it, are told in its event, and go with it', async () => {
    const landed = await land('a 1');
    await bench.move(landed.key);
    const beside = (ending: string): string => `stream_records/a%201${ending}`;
    const keys = {
      poster: beside('.poster.jpg'),
      sprite: beside('.storyboard.jpg'),
      storyboard: beside('.storyboard.vtt'),
    };
    expect(bench.available(landed).map(({ pictures }) => pictures)).toEqual([keys]);
    expect(await bench.read(keys.poster)).toEqual(POSTER);
    expect(await bench.read(keys.sprite)).toEqual(SPRITE);
    expect((await bench.read(keys.storyboard)).toString()).toBe(
      'WEBVTT\n\n00:00:00.000 --> 00:00:02.000\na%25201.storyboard.jpg#xywh=0,0,160,90\n\n' +
        '00:00:02.000 --> 00:00:04.000\na%25201.storyboard.jpg#xywh=160,0,160,90\n',
    );
    expect(await bench.head(keys.poster)).toMatchObject({ ContentType: 'image/jpeg', TagCount: 1 });
    expect(await bench.moved(landed)).toMatchObject({
      pictures: { poster: { key: keys.poster }, storyboard: { layout: LAYOUT } },
    });
    const { recordingId } = landed.job;
    const reason = { code: 'stopped', message: 'It was stopped.' };
    await bench.store.create(outcomeKey(recordingId), { status: 'finished', reason, parts: 1, atMs: 1 });
    const options = { records: true, hasTime: () => true };
    expect(await deleteRecording(bench, recordingId, options)).toMatchObject({ deletedRecords: 1 });
    expect(await bench.keys('library', beside(''))).toEqual([]);
    expect(await bench.keys('landing', `state/recordings/${recordingId}`)).toEqual([]);
  });

  it('overwrite nothing, and are the same objects however often the record is moved', async () => {
    await bench.put('library', 'stream_records/b.poster.jpg', Buffer.from('mine'));
    const landed = await land('b');
    await Promise.all([bench.deliver(landed.key), bench.deliver(landed.key)]);
    const own = `stream_records/b-${landed.job.recordingId}_001.poster.jpg`;
    expect(await bench.keys('library', 'stream_records/b')).toEqual([
      own,
      'stream_records/b.mp4',
      'stream_records/b.poster.jpg',
      'stream_records/b.storyboard.jpg',
      'stream_records/b.storyboard.vtt',
    ]);
    expect((await bench.read('stream_records/b.poster.jpg')).toString()).toBe('mine');
    expect(new Set(bench.available(landed).map(({ pictures }) => pictures?.poster))).toEqual(new Set([own]));
  });

  it('are not waited for: where one cannot be written, or is no picture, the record is there without them', async () => {
    const landed = await land('c', Buffer.from('<script>'));
    bench.faults.add({
      service: 's3',
      operation: 'PutObject',
      match: 'c\\.storyboard',
      action: { kind: 'fail', status: 403, code: 'AccessDenied' },
    });
    await bench.move(landed.key);
    bench.faults.clear();
    expect(await bench.keys('library', 'stream_records/c')).toEqual(['stream_records/c.mp4']);
    expect(bench.available(landed).map(({ pictures }) => pictures)).toEqual([undefined]);
  });

  it('that are there without their list are told, and go with the record', async () => {
    const landed = await land('d', Buffer.from('<script>'));
    bench.faults.add({
      service: 's3',
      operation: 'PutObject',
      match: 'd\\.storyboard\\.vtt',
      action: { kind: 'fail', status: 403, code: 'AccessDenied' },
    });
    await bench.move(landed.key);
    bench.faults.clear();
    const sprite = 'stream_records/d.storyboard.jpg';
    expect(await bench.keys('library', 'stream_records/d')).toEqual(['stream_records/d.mp4', sprite]);
    expect(bench.available(landed).map(({ pictures }) => pictures)).toEqual([{ sprite }]);
    const { recordingId } = landed.job;
    expect(await readStoryboard(bench.store, recordingId, 1)).toContain('storyboard-1.jpg#xywh=0,0,160,90');
    const reason = { code: 'stopped', message: 'It was stopped.' };
    await bench.store.create(outcomeKey(recordingId), { status: 'finished', reason, parts: 1, atMs: 1 });
    await deleteRecording(bench, recordingId, { records: true, hasTime: () => true });
    expect(await bench.keys('library', 'stream_records/d')).toEqual([]);
  });
});
