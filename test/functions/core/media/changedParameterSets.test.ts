import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  changedParameters,
  haveSameSets,
} from '../../../../functions/core/media/nal/changedParameterSets.ts';
import {
  type AvcRecord,
  buildAvcRecord,
  parseAvcRecord,
  parseAvcSequence,
} from '../../../../functions/core/media/nal/h264.ts';
import {
  buildHevcRecord,
  type HevcRecord,
  parseHevcRecord,
} from '../../../../functions/core/media/nal/hevc.ts';
import { BitWriter } from './bitWriter.ts';
import { sampleOf } from './nalSample.ts';

const byte = fc.integer({ min: 0, max: 255 });
const unit = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes));
const lengthBytes = fc.integer({ min: 1, max: 4 });
const depth = fc.integer({ min: 8, max: 15 });

const avcRecord: fc.Arbitrary<AvcRecord> = fc.record({
  profile: byte,
  compatibility: byte,
  level: byte,
  lengthBytes,
  sps: fc.array(unit, { maxLength: 31 }),
  pps: fc.array(unit, { maxLength: 40 }),
  extension: fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
});

const hevcRecord: fc.Arbitrary<HevcRecord> = fc.record({
  profile: fc.uint8Array({ minLength: 12, maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
  minSpatialSegmentation: fc.integer({ min: 0, max: 4_095 }),
  parallelism: fc.integer({ min: 0, max: 3 }),
  chromaFormat: fc.integer({ min: 0, max: 3 }),
  lumaBits: depth,
  chromaBits: depth,
  averageFrameRate: fc.integer({ min: 0, max: 65_535 }),
  constantFrameRate: fc.integer({ min: 0, max: 3 }),
  temporalLayers: fc.integer({ min: 0, max: 7 }),
  isNested: fc.boolean(),
  lengthBytes,
  arrays: fc.array(
    fc.record({
      isComplete: fc.boolean(),
      type: fc.integer({ min: 0, max: 63 }),
      units: fc.array(unit, { maxLength: 5 }),
    }),
    { maxLength: 6 },
  ),
});

it('reads every configuration record that it writes', () => {
  fc.assert(
    fc.property(avcRecord, (record) => {
      expect(parseAvcRecord(buildAvcRecord(record))).toEqual(record);
    }),
  );
  fc.assert(
    fc.property(hevcRecord, (record) => {
      expect(parseHevcRecord(buildHevcRecord(record))).toEqual(record);
    }),
  );
});

interface Sps {
  readonly id: number;
  readonly columns: number;
  readonly mapUnits: number;
  readonly isProgressive: boolean;
  readonly crop: readonly number[];
}

/** A High profile SPS, 4:2:0. */
function avcSps({ id, columns, mapUnits, isProgressive, crop }: Sps): Buffer {
  const bits = new BitWriter().bits(100, 8).bits(0, 8).bits(31, 8).unsigned(id);
  bits.unsigned(1).unsigned(0).unsigned(0).flag(false);
  // One scaling list that ends at once, and one in full.
  bits.flag(true).flag(true).signed(-8).flag(true);
  for (let i = 0; i < 16; i++) bits.signed(i % 2 === 0 ? 1 : -1);
  bits.bits(0, 6);
  bits.unsigned(0).unsigned(1).flag(false).signed(-2).signed(3).unsigned(2).signed(7).signed(-7);
  bits
    .unsigned(3)
    .flag(false)
    .unsigned(columns - 1)
    .unsigned(mapUnits - 1)
    .flag(isProgressive);
  if (!isProgressive) bits.flag(true);
  bits.flag(true).flag(true);
  for (const side of crop) bits.unsigned(side);
  return bits.flag(false).unit([0x67]);
}

const small = avcSps({ id: 0, columns: 20, mapUnits: 12, isProgressive: true, crop: [0, 0, 0, 6] });
const large = avcSps({ id: 0, columns: 40, mapUnits: 23, isProgressive: true, crop: [0, 0, 0, 4] });
const other = avcSps({ id: 3, columns: 80, mapUnits: 45, isProgressive: true, crop: [0, 0, 0, 0] });
const pps = (id: number, sps: number): Buffer =>
  new BitWriter().unsigned(id).unsigned(sps).bits(5, 9).unit([0x68]);
const slice = (pictureId: number): Buffer =>
  new BitWriter().unsigned(0).unsigned(7).unsigned(pictureId).bits(0x1234, 16).unit([0x65]);
const DELIMITER = Buffer.from([0x09, 0xf0]);
const MESSAGE = Buffer.from([0x06, 0x05, 0x01, 0xaa, 0x80]);

const recordOf = (sps: readonly Buffer[], pictures: readonly Buffer[]): Buffer =>
  buildAvcRecord({
    profile: 100,
    compatibility: 0,
    level: 31,
    lengthBytes: 4,
    sps,
    pps: pictures,
    extension: Buffer.from([0xfd, 0xf8, 0xf8, 0]),
  });
const RECORD = recordOf([small], [pps(0, 0)]);

describe('parameters within the samples of H.264', () => {
  it('are of the size that is left of the coded one, for every size', () => {
    const side = fc.integer({ min: 4, max: 256 });
    const cut = fc.integer({ min: 0, max: 7 });
    fc.assert(
      fc.property(
        side,
        side,
        fc.boolean(),
        fc.tuple(cut, cut, cut, cut),
        (columns, mapUnits, isProgressive, crop) => {
          const [left, right, top, bottom] = crop;
          const fields = isProgressive ? 1 : 2;
          const sps = avcSps({ id: 2, columns, mapUnits, isProgressive, crop });
          expect(parseAvcSequence(sps)).toMatchObject({
            id: 2,
            width: 16 * columns - 2 * (left + right),
            height: fields * (16 * mapUnits - 2 * (top + bottom)),
          });
        },
      ),
    );
  });

  it('change with another SPS, wherever it stands before the picture', () => {
    const sample = sampleOf(DELIMITER, MESSAGE, large, pps(0, 0), pps(1, 0), slice(0), slice(0));
    const changed = changedParameters('h264', RECORD, sample);
    expect(changed).toMatchObject({ width: 640, height: 360 });
    const { sps, pps: pictures } = parseAvcRecord(changed?.record ?? Buffer.alloc(0));
    expect(sps).toEqual([large]);
    expect(pictures).toEqual([pps(0, 0), pps(1, 0)]);
    // From then on it is the one in force.
    expect(changedParameters('h264', changed?.record ?? RECORD, sample)).toBeUndefined();
    expect(
      changedParameters('h264', changed?.record ?? RECORD, sampleOf(small, pps(0, 0), slice(0))),
    ).toMatchObject({
      width: 320,
      height: 180,
    });
  });

  it('of several SPS, are those that the picture uses', () => {
    const sample = sampleOf(small, large, other, pps(0, 0), pps(5, 3), slice(5));
    const changed = changedParameters('h264', RECORD, sample);
    expect(changed).toMatchObject({ width: 1280, height: 720 });
    expect(parseAvcRecord(changed?.record ?? Buffer.alloc(0)).sps[0]).toEqual(other);
    expect(changedParameters('h264', RECORD, sampleOf(small, other, pps(0, 0), slice(0)))).toBeUndefined();
  });

  it('keep the picture sets that were not sent again', () => {
    const record = recordOf([small], [pps(0, 0), pps(4, 0), pps(6, 1)]);
    const changed = changedParameters('h264', record, sampleOf(large, pps(0, 0), slice(0)));
    expect(parseAvcRecord(changed?.record ?? Buffer.alloc(0)).pps).toEqual([pps(0, 0), pps(4, 0)]);
    expect(changedParameters('h264', record, sampleOf(large, slice(4)))).toMatchObject({ width: 640 });
  });

  it('do not change when they are repeated, nor by other picture sets, nor without a set', () => {
    const repeated = Buffer.concat([small, Buffer.from([0, 0])]);
    for (const units of [
      [small, pps(0, 0), slice(0)],
      [repeated, slice(0)],
      [pps(1, 0), slice(1)],
      [slice(0)],
    ]) {
      expect(changedParameters('h264', RECORD, sampleOf(...units))).toBeUndefined();
    }
  });

  it('do not change by what cannot be read', () => {
    const cutOff = large.subarray(0, 5);
    for (const sample of [
      sampleOf(cutOff, pps(0, 0), slice(0)),
      sampleOf(large, pps(0, 0)),
      sampleOf(large, pps(0, 0), slice(9)),
      sampleOf(large, pps(0, 0), slice(0)).subarray(0, -1),
      Buffer.alloc(0),
    ]) {
      expect(changedParameters('h264', RECORD, sample)).toBeUndefined();
    }
    expect(changedParameters('h264', Buffer.from([1, 2]), sampleOf(large, slice(0)))).toBeUndefined();
    expect(changedParameters('av1', RECORD, sampleOf(large, pps(0, 0), slice(0)))).toBeUndefined();
  });

  it('are compared by their sets, in any order', () => {
    const sets = [pps(0, 0), pps(1, 0)];
    expect(haveSameSets('h264', recordOf([small], sets), recordOf([small], sets.toReversed()))).toBe(true);
    expect(haveSameSets('h264', recordOf([small], sets), recordOf([large], sets))).toBe(false);
    expect(haveSameSets('h264', recordOf([small], sets), Buffer.alloc(2))).toBe(false);
  });
});
