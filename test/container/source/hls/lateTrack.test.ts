import { expect, it } from 'vitest';
import { probe } from '../../../support/counterStream.ts';
import { expectWhole, framesOf, HlsForTests } from '../../../support/hlsForTests.ts';
import { segmentLines } from '../../../support/hlsMedia.ts';
import { describeWith } from '../../../support/tools.ts';

const SECONDS = 6;
const MUTED_SECONDS = 3;
const PACKET_BYTES = 188;
/** Where ffmpeg puts sound behind pictures. */
const SOUND_PID = 0x101;

/** Announced all the same. */
function withoutSound(segment: Buffer): Buffer {
  const packets = Array.from({ length: segment.length / PACKET_BYTES }, (_, i) =>
    segment.subarray(i * PACKET_BYTES, (i + 1) * PACKET_BYTES),
  );
  return Buffer.concat(packets.filter((packet) => (packet.readUInt16BE(1) & 0x1fff) !== SOUND_PID));
}

describeWith(['ffmpeg'], 'an HLS source of MPEG-TS', () => {
  const hls = new HlsForTests();

  it('whose sound begins in a later segment is not fetched again from there on: a live playlist might have it no more', async () => {
    const { segments } = hls.make({ seconds: SECONDS });
    const lines = segments.flatMap((segment, i) => {
      hls.site.put(`/muted/${i}.ts`, i < MUTED_SECONDS ? withoutSound(segment) : segment);
      return segmentLines(`/muted/${i}.ts`);
    });
    const record = await hls.record('muted', lines);
    expectWhole(record, framesOf(0, 25 * SECONDS), 2);
    const { streams } = await probe(record.files[1] ?? '');
    expect(streams.map(({ codec_type }) => codec_type)).toEqual(['video', 'audio']);
    const fetched = segments.map((_, i) => hls.site.times(`/muted/${i}.ts`)).slice(MUTED_SECONDS);
    // Its beginning was looked at by a run for nothing, too: the first one, before anybody knew that no sound comes.
    expect(fetched).toEqual([2, 1, 1]);
  });
});
