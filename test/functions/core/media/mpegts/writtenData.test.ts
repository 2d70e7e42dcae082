import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TsFragmentWriter } from '../../../../../functions/core/media/mpegts/fragmentWriter.ts';
import { movedSplice } from '../../../../../functions/core/media/mpegts/writtenData.ts';
import { MemoryPages } from '../../../../../functions/core/media/pages.ts';
import type { TrackSamples } from '../../../../../functions/core/media/tracks/fragmentWriter.ts';
import { metadataIn, packetsOfPid, spliceInsert } from '../../../../support/timedMetadata.ts';

const KLV = Buffer.from('060e2b34', 'hex');
const CRC_RESIDUE = 0;

/** Sound of one language, a frame at each of these times. */
function sound(...atMs: readonly number[]): TrackSamples {
  const info = { kind: 'audio', codec: 'aac', language: 'deu' } as const;
  const description = {
    ...{ info, tag: Buffer.alloc(4), configuration: Buffer.from([0x12, 0x08]), timescale: 1_000 },
    ...{ pixelWidth: 1, pixelHeight: 1, primingSamples: 0 },
  };
  const samples = atMs.map((dts) => ({
    dts,
    offset: 0,
    keyframe: true,
    duration: 23,
    data: Buffer.alloc(9),
  }));
  return { id: 1, description, samples, bytes: 9 * samples.length, primingSamples: 0 };
}

const times = { startMs: 0, endMs: 1_000, keyframe: true };

/** What remains of a section and its checksum: nothing, if that is right (ISO/IEC 13818-1, annex A). */
function residue(section: Buffer): number {
  let crc = 0xffff_ffff;
  for (const byte of section)
    for (let bit = 7; bit >= 0; bit--) {
      const isSet = ((crc >>> 31) ^ ((byte >> bit) & 1)) === 1;
      crc = ((crc << 1) ^ (isSet ? 0x04c1_1db7 : 0)) >>> 0;
    }
  return crc;
}

describe('timed metadata in MPEG-TS', () => {
  it('a splice command says the same of a stream whose times are others, and is whole', () => {
    const ticks = fc.integer({ min: 0, max: 2 ** 33 - 1 });
    fc.assert(
      fc.property(ticks, ticks, fc.integer({ min: -(2 ** 35), max: 2 ** 35 }), (at, other, byTicks) => {
        const moved = movedSplice(spliceInsert(7, at / 90), byTicks) as Buffer;
        const back = movedSplice(movedSplice(moved, other) as Buffer, -byTicks - other);
        expect(residue(moved)).toBe(CRC_RESIDUE);
        expect(back).toEqual(spliceInsert(7, at / 90));
        const said = (moved[4] as number & 1) * 2 ** 32 + moved.readUInt32BE(5);
        expect((said - byTicks) % 2 ** 33).toBeCloseTo(0, 6);
      }),
      { numRuns: 100 },
    );
  });

  it('takes nothing for a command that is none', () => {
    expect(movedSplice(Buffer.from('fc3000', 'hex'), 1)).toBeUndefined();
    expect(movedSplice(Buffer.alloc(40, 1), 1)).toBeUndefined();
  });

  it('is where the part has its zero; a part begins with what is older, and a long command is whole', () => {
    const writer = new TsFragmentWriter();
    const long = Buffer.concat([spliceInsert(9, 60_400).subarray(0, -4), Buffer.alloc(300, 0xee)]);
    long.writeUInt16BE(0x3000 | (long.length - 3 + 4), 1);
    const command = movedSplice(Buffer.concat([long, Buffer.alloc(4)]), 0) as Buffer;
    const fragment = writer.write([sound(50_000, 50_023)], times, {
      sources: [{ codec: 'klv' }, { codec: 'scte_35' }],
      items: [
        { source: 0, atMs: 50_020, shiftMs: 0, data: KLV },
        { source: 0, atMs: 49_000, shiftMs: 0, data: KLV },
        { source: 1, atMs: 50_000, shiftMs: -10_000, data: command },
      ],
    });
    const bytes = writer.startPart(fragment, new MemoryPages()).add(fragment);
    const found = metadataIn(bytes);
    expect(found.klv.map(({ atMs }) => atMs)).toEqual([0, 20]);
    expect(found.splices).toEqual([{ eventId: 9, spliceMs: 400 }]);
    const own = packetsOfPid(bytes, fragment.data[1]?.pid ?? 0);
    const section = Buffer.concat(own.map((packet) => packet.subarray(4))).subarray(1, 1 + command.length);
    expect(own).toHaveLength(2);
    expect(residue(section)).toBe(CRC_RESIDUE);
    expect(section.subarray(-10, -4)).toEqual(Buffer.alloc(6, 0xee));
  });

  it('the map has the language of sound', () => {
    const { bytes } = new TsFragmentWriter().write([sound(0)], times);
    expect(bytes.subarray(0, 2 * 188).includes(Buffer.from([0x0a, 4, ...Buffer.from('deu'), 0]))).toBe(true);
  });
});
