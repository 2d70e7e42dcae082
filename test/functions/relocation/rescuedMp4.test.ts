import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFragmentIndex } from '../../../functions/core/media/fragmentIndex/reader.ts';
import { boxesIn } from '../../../functions/core/media/mp4/boxes.ts';
import { Mp4Reader } from '../../../functions/core/media/mp4/reader.ts';
import { fragmentIndexKey } from '../../../functions/core/state/keys.ts';
import { describePart } from '../../../functions/core/upload/uploadedParts.ts';
import { MIB } from '../../contract/s3/support.ts';
import { decodeErrors, probe } from '../../support/counterStream.ts';
import { frameHashes, MediaFolder } from '../../support/media.ts';
import { atLeastOne, PartInMemory } from '../../support/parts.ts';
import { describeWith } from '../../support/tools.ts';
import { MoveBench } from './bench.ts';
import type { Landed } from './landed.ts';

/** A part as its recorder uploads it, fragment after fragment, before it would put the index in front. */
function uploadedPart(bytes: Buffer): PartInMemory {
  const reader = new Mp4Reader();
  return new PartInMemory(reader, atLeastOne(reader.push(bytes)));
}

describeWith(['ffmpeg'], 'a rescued MP4', () => {
  const folder = new MediaFolder();
  let bench: MoveBench;
  const source = (seconds: number, bitrate: string): Buffer =>
    folder.pipe(`source-${seconds}.mp4`, [
      ...['-f', 'lavfi', '-i', `testsrc2=size=640x360:rate=25:duration=${seconds}`],
      ...['-f', 'lavfi', '-i', `sine=sample_rate=44100:duration=${seconds}`],
      ...[
        '-vf',
        'noise=alls=60:allf=t',
        '-c:v',
        'libx264',
        '-preset',
        'ultrafast',
        '-b:v',
        bitrate,
        '-g',
        '25',
      ],
      ...['-pix_fmt', 'yuv420p', '-c:a', 'aac', '-f', 'mp4', '-frag_duration', '1000000'],
      ...['-movflags', '+frag_keyframe+empty_moov+delay_moov+default_base_moof+skip_trailer'],
    ]);

  beforeAll(async () => {
    bench = await MoveBench.start({ limits: { partBytes: 5 * MIB } });
  });
  afterAll(async () => {
    await bench.close();
    folder.remove();
  });

  /** The whole index in front, one mdat; and the same frames as in the file that its recorder would have made. */
  async function expectIndexed(landed: Landed, key: string, ordinary: Buffer): Promise<void> {
    const { bytes, crc32 } = (await bench.moved(landed)) ?? { bytes: 0, crc32: '' };
    const moved = await bench.read(key);
    expect(describePart(1, moved)).toMatchObject({ bytes, crc32 });
    expect(boxesIn(moved).map(({ type }) => type)).toEqual(['ftyp', 'moov', 'mdat']);
    const index = readFragmentIndex(
      (await bench.store.readBytes(fragmentIndexKey(landed.job.recordingId, landed.open.part))) ??
        Buffer.alloc(0),
    );
    const last = [...index.fragments()].at(-1);
    expect((last?.offset ?? 0) + (last?.bytes ?? 0)).toBe(moved.length);
    const before = folder.write('before.mp4', ordinary);
    const after = folder.write('after.mp4', moved);
    expect(await decodeErrors(after)).toBe('');
    for (const kind of ['v', 'a'] as const) {
      const frames = await frameHashes(after, kind);
      expect(frames.length).toBeGreaterThan(50);
      expect(frames).toEqual(await frameHashes(before, kind));
    }
    expect(await bench.keys('landing', landed.key)).toEqual([]);
    expect(await bench.openUploads()).toBe(0);
    const { format } = await probe(after);
    const [detail] = bench.available(landed);
    expect(Math.abs(Number(format.duration) * 1000 - (detail?.durationMs ?? 0))).toBeLessThan(100);
    expect(detail).toMatchObject({
      key,
      bytes,
      recovered: true,
      complete: false,
      incomplete: [{ code: 'recorder_lost', message: expect.stringContaining('1500 ms') }],
    });
  }

  it.each([
    ['small: put as a whole', 4, '500k', ['GetObject', 'PutObject']],
    ['large: new first piece, then ranges', 14, '12M', ['UploadPart', 'UploadPartCopy', 'UploadPartCopy']],
  ])(
    'gets its index while it is moved; %s',
    async (_how, seconds, bitrate, calls) => {
      const part = uploadedPart(source(seconds, bitrate));
      const { muxer, begun: body } = part;
      const landed = await bench.land(body, {
        streamName: `rescued ${seconds}`,
        rescued: true,
        final: { durationMs: muxer.summary.durationMs, endTimeMillis: Date.UTC(2026, 6, 1, 12) },
      });
      bench.calls.length = 0;
      await bench.move(landed.key);
      expect(bench.calls).toEqual(expect.arrayContaining(calls));
      await expectIndexed(landed, `stream_records/rescued%20${seconds}.mp4`, part.finished());
    },
    180_000,
  );

  it('leaves half a fragment at its end behind', async () => {
    const { muxer, begun: body } = uploadedPart(source(5, '500k'));
    const { durationMs } = muxer.summary;
    const cut = body.subarray(0, body.length - 1000);
    const landed = await bench.land(cut, {
      streamName: 'half',
      rescued: true,
      final: { durationMs, endTimeMillis: Date.UTC(2026, 6, 1, 12) },
    });
    await bench.move(landed.key);
    const moved = await bench.read('stream_records/half.mp4');
    const file = folder.write('half.mp4', moved);
    expect(await decodeErrors(file)).toBe('');
    const measuredMs = (await bench.moved(landed))?.durationMs ?? 0;
    expect(measuredMs).toBeLessThan(durationMs);
    expect(measuredMs).toBeGreaterThan(durationMs - 2000);
  }, 180_000);

  it('gets it too where its recorder wrote final.json and died before the new head was there', async () => {
    const { muxer, begun: body } = uploadedPart(source(4, '500k'));
    const landed = await bench.land(body, {
      streamName: 'no new head',
      final: {
        durationMs: muxer.summary.durationMs,
        endTimeMillis: Date.UTC(2026, 6, 1, 12),
        bytes: body.length + 500,
        crc32: 'AAAAAA==',
        newFirst: { partNumber: 1, bytes: body.length + 500, crc32: 'AAAAAA==' },
      },
    });
    await bench.move(landed.key);
    const moved = await bench.read('stream_records/no%20new%20head.mp4');
    expect(boxesIn(moved).map(({ type }) => type)).toEqual(['ftyp', 'moov', 'mdat']);
    expect(bench.available(landed)).toMatchObject([{ complete: true, recovered: false }]);
  }, 180_000);

  describe('that cannot be read', () => {
    it.each([
      ['damaged', Buffer.from('this is no MP4, not a single box of it')],
      ['without a whole fragment', Buffer.alloc(0)],
    ])('is moved as it is, and says so: %s', async (name, bytes) => {
      const body = name === 'damaged' ? bytes : uploadedPart(source(4, '500k')).begun.subarray(0, 2000);
      const landed = await bench.land(body, { streamName: name, rescued: true });
      await bench.move(landed.key);
      const { key } = (await bench.moved(landed)) ?? { key: '' };
      expect((await bench.read(key)).equals(body)).toBe(true);
      expect(bench.available(landed)[0]?.incomplete.map(({ code }) => code)).toContain('not_indexed');
    });
  });
});
