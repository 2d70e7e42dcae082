import type { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, expect, it } from 'vitest';
import type { StateStore } from '../../../functions/aws/stateStore.ts';
import { cutFile } from '../../../functions/clips/cutting.ts';
import { piecesOf, placedParts } from '../../../functions/core/clips/placedParts.ts';
import { joinSpan } from '../../../functions/core/clips/request.ts';
import { toBuffer } from '../../../functions/core/media/pieces.ts';
import { DEFAULT_SETTINGS } from '../../../functions/core/settings/settings.ts';
import { newRecordingId } from '../../../functions/core/state/ids.ts';
import { fragmentIndexKey, jobKey, outcomeKey, partKey } from '../../../functions/core/state/keys.ts';
import { readVodPlaylist } from '../../../functions/playback/vod.ts';
import { readRecording } from '../../../functions/recordings/read.ts';
import { nutOf, partsOf } from '../../support/liveMedia.ts';
import { MediaFolder, packetHashes } from '../../support/media.ts';
import { MemoryStore } from '../../support/memoryStore.ts';
import { atLeastOne } from '../../support/parts.ts';
import { describeWith } from '../../support/tools.ts';
import { START_MS } from './recording.ts';

const PARTS = 24 * 60;
/** Each is short, so that it is made quickly. */
const PART_SECONDS = 2;
const PART_MS = 1000 * PART_SECONDS;
const RATE = 5;
const MAPS = ['0:v:0'];
const BUCKET = 'library';

/** All parts have the same bytes and the same index. */
class StateOfDay extends MemoryStore {
  readonly bytes = new Map<string, Buffer>();
  index: Buffer = Buffer.alloc(0);

  async readBytes(key: string): Promise<Buffer | undefined> {
    return key.endsWith('fragments.index') ? this.index : this.bytes.get(key);
  }

  async overwriteBytes(key: string, bytes: Buffer): Promise<void> {
    this.bytes.set(key, bytes);
  }
}

describeWith(['ffmpeg'], 'as many parts as a day by the minute has', () => {
  const folder = new MediaFolder();
  afterAll(() => folder.remove());

  it('are one list, and one file with every picture once', async () => {
    folder.make('part.mkv', [
      ...['-f', 'lavfi', '-i', `testsrc2=size=64x36:rate=${RATE}:duration=${PART_SECONDS}`],
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '10', '-bf', '2'],
    ]);
    const nut = nutOf(folder.file('part.mkv'), MAPS);
    const [part] = atLeastOne(partsOf(nut, [{ kind: 'video', codec: 'h264' }], 'mp4', 4_096, MAPS));
    const record = part.finished();
    const state = new StateOfDay();
    state.index = toBuffer(part.muxer.finish().index ?? { bytes: 0, pieces: () => [] });
    const recordingId = newRecordingId(START_MS, Buffer.alloc(16, 1));
    state.put(jobKey(recordingId), {
      ...{ recordingId, mediaSessionId: 'm', requestedAtMs: START_MS, requestId: 'q' },
      ...{ source: { url: 'rtmp://h/a' }, stream: { name: 's' }, settings: DEFAULT_SETTINGS },
    });
    for (let number = 1; number <= PARTS; number++) keepPart(state, recordingId, number, record.length);
    const reason = { code: 'stopped', message: 'x' };
    state.put(outcomeKey(recordingId), { status: 'finished', reason, parts: PARTS, atMs: START_MS });
    const store = state as unknown as StateStore;

    const list = await readVodPlaylist(store, recordingId);
    expect(list.match(/#EXT-X-MAP/g)).toHaveLength(PARTS);
    expect(list.match(/#EXT-X-DISCONTINUITY\n/g)).toHaveLength(PARTS - 1);
    const seconds = [...list.matchAll(/#EXTINF:([\d.]+)/g)].reduce((sum, [, one]) => sum + Number(one), 0);
    expect(seconds).toBeCloseTo(PARTS * PART_SECONDS, 3);
    const ranges = [...list.matchAll(/#EXT-X-BYTERANGE:(\d+)@(\d+)\n(\d+)\.mp4/g)];
    const own = ranges
      .filter(([, , , number]) => number === '1')
      .map(([, bytes, from]) => `${bytes}@${from}`);
    expect(ranges.map(([, bytes, from]) => `${bytes}@${from}`)).toEqual(
      Array.from({ length: PARTS }, () => own).flat(),
    );
    expect(Buffer.byteLength(list)).toBeLessThan(1_000_000);

    const objects = await readRecording(store, recordingId);
    if (objects === undefined) throw new Error('there is no recording');
    const pieces = piecesOf(placedParts(objects), joinSpan(objects)).flatMap((piece) => {
      const { moved } = piece.part.found;
      return moved === undefined ? [] : [{ ...piece, source: moved }];
    });
    const file = await cutFile({ s3: readerOf(record), store }, recordingId, pieces);
    expect(file.durationMs).toBe(PARTS * PART_MS);
    const media = file.ranges.map(({ fromByte, endByte }) => record.subarray(fromByte, endByte));
    const joined = folder.write('join.mp4', Buffer.concat([toBuffer(file.head), ...media]));
    const once = await packetHashes(folder.write('record.mp4', record), 'v');
    expect(once).toHaveLength(RATE * PART_SECONDS);
    expect(await packetHashes(joined, 'v')).toEqual(Array.from({ length: PARTS }, () => once).flat());
  });
});

function keepPart(state: StateOfDay, recordingId: string, part: number, bytes: number): void {
  const startTimeMs = START_MS + (part - 1) * PART_MS;
  const endTimeMs = startTimeMs + PART_MS;
  const key = `records/${recordingId}/1/${part}.mp4`;
  const tracks = [{ kind: 'video', codec: 'h264' }];
  const same = { ...{ part, attempt: 1, key, uploadId: 'u', format: 'mp4', startTimeMs }, tracks };
  state.put(partKey(recordingId, part, 'open'), {
    ...{ ...same, fileName: `${part}.mp4`, openedAtMs: startTimeMs },
  });
  state.put(partKey(recordingId, part, 'final'), {
    ...{ ...same, uploaded: [], bytes, crc32: 'AAAAAA==', durationMs: PART_MS, endTimeMs },
    ...{
      startTimeMillis: startTimeMs,
      endTimeMillis: endTimeMs,
      videoFrames: RATE * PART_SECONDS,
      recovered: false,
    },
    finalizedAtMs: endTimeMs,
  });
  state.put(partKey(recordingId, part, 'moved'), {
    ...{ part, bucket: BUCKET, key: `${part}.mp4`, etag: 'e', bytes, movedAtMs: endTimeMs },
  });
  state.put(fragmentIndexKey(recordingId, part), {});
}

/** Ranges of it, whichever object is asked for. */
function readerOf(record: Buffer): S3Client {
  const send = async ({ input }: GetObjectCommand): Promise<object> => {
    const [, from = '', last = ''] = /^bytes=(\d+)-(\d+)$/.exec(input.Range ?? '') ?? [];
    const bytes = record.subarray(Number(from), Number(last) + 1);
    return { Body: { transformToByteArray: async () => bytes } };
  };
  return { send } as unknown as S3Client;
}
