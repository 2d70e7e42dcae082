import { describe, expect, it } from 'vitest';
import { boxesIn, FieldReader, needBox } from '../../../../functions/core/media/mp4/boxes.ts';
import type { InitSegment, Track } from '../../../../functions/core/media/mp4/initSegment.ts';
import { indexedHead } from '../../../../functions/core/media/mp4/movie.ts';
import { SampleTable } from '../../../../functions/core/media/mp4/sampleTable.ts';
import { MemoryPages } from '../../../../functions/core/media/pages.ts';
import { toBuffer } from '../../../../functions/core/media/pieces.ts';

const GIB = 1024 ** 3;
const empty = (type: string, bytes: number): Buffer => {
  const box = Buffer.alloc(bytes);
  box.writeUInt32BE(bytes, 0);
  box.write(type, 4, 'latin1');
  return box;
};
const track: Track = {
  id: 1,
  info: { kind: 'audio', codec: 'aac' },
  timescale: 48_000,
  shiftSeconds: 0,
  defaults: { duration: 1024, size: 0, flags: 0 },
  boxes: {
    tkhd: empty('tkhd', 92),
    mdhd: empty('mdhd', 32),
    hdlr: empty('hdlr', 45),
    mediaInformation: [],
    stsd: empty('stsd', 16),
  },
};
const init: InitSegment = { ftyp: empty('ftyp', 16), mvhd: empty('mvhd', 108), tracks: [track], others: [] };

/** A day of AAC, a fragment a second, each with this many bytes between them. */
function day(fragmentBytes: number) {
  const table = new SampleTable(new MemoryPages());
  const samples = Array.from({ length: 47 }, () => ({
    duration: 1024,
    bytes: 300,
    compositionOffset: 0,
    sync: true,
  }));
  const fragments = 26 * 3_600;
  for (let i = 0; i < fragments; i++) {
    const traf = {
      track,
      decodeTime: 0,
      decodeTimeAt: 0,
      decodeTimeBytes: 8,
      runs: [{ dataOffset: 500, samples }],
    } as const;
    table.add(traf, i * 47 * 1024, i * fragmentBytes);
  }
  table.finish();
  const mediaBytes = fragments * fragmentBytes;
  const head = toBuffer(
    indexedHead(init, [{ track, table, edits: [{ seconds: 1, mediaTime: 0 }] }], mediaBytes),
  );
  return { head, mediaBytes, fragments };
}

function boxOf(head: Buffer, ...path: string[]): Buffer {
  let found = needBox(boxesIn(head.subarray(0, head.length - 16)), 'moov').body;
  for (const type of path) found = needBox(boxesIn(found), type).body;
  return found;
}

describe('an MP4 of more than 4 GiB and 26 hours', () => {
  const { head, mediaBytes, fragments } = day(64 * 1024);

  it('has 64-bit offsets of its chunks and a 64-bit mdat', () => {
    expect(mediaBytes).toBeGreaterThan(5 * GIB);
    const stbl = boxesIn(boxOf(head, 'trak', 'mdia', 'minf', 'stbl'));
    expect(stbl.map(({ type }) => type)).toContain('co64');
    const co64 = needBox(stbl, 'co64').body;
    expect(co64.readUInt32BE(4)).toBe(fragments);
    const last = Number(co64.readBigUInt64BE(8 + 8 * (fragments - 1)));
    expect(last).toBe(head.length + (fragments - 1) * 64 * 1024 + 500);
    const mdat = head.subarray(-16);
    expect(mdat.toString('latin1', 4, 8)).toBe('mdat');
    expect(Number(mdat.readBigUInt64BE(8))).toBe(16 + mediaBytes);
  });

  it('has a 64-bit duration where 32 bits are too few', () => {
    const mdhd = new FieldReader(boxOf(head, 'trak', 'mdia', 'mdhd'));
    expect(mdhd.u8()).toBe(1);
    expect(mdhd.skip(3 + 16).u32()).toBe(48_000);
    expect(mdhd.u64()).toBe(fragments * 47 * 1024);
  });

  it('costs about 4 bytes a sample of regular audio', () => {
    expect(head.length / (fragments * 47)).toBeLessThan(5);
  });

  it('has 32-bit offsets while they do', () => {
    const small = day(1_024);
    const stbl = boxesIn(boxOf(small.head, 'trak', 'mdia', 'minf', 'stbl'));
    expect(stbl.map(({ type }) => type)).toContain('stco');
  });
});
