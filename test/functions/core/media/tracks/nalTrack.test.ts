import { describe, expect, it } from 'vitest';
import { buildAvcRecord } from '../../../../../functions/core/media/nal/h264.ts';
import { sampleOf, wholeUnitsIn } from '../../../../../functions/core/media/nal/units.ts';
import { NalTrack } from '../../../../../functions/core/media/tracks/nalTrack.ts';

const SETS = ['6742c00bda0a36c044000003000400000300c83c50aa80', '68ce0fc8'];
const OTHER_SETS = ['6742c00dd90141fb011000000300100000030320f142a480', '68cb83cb20'];
const PICTURE = '6588843f';

/** With start codes. */
const stream = (...units: readonly string[]): Buffer =>
  Buffer.from(units.map((unit) => `00000001${unit}`).join(''), 'hex');

describe('a track of H.264 that comes as a byte stream, without a configuration', () => {
  const packet = (data: Buffer, keyframe: boolean) =>
    ({ stream: 0, dts: 0, offset: 0, keyframe, data }) as Parameters<NalTrack['next']>[0];

  it.each([
    ['with the first keyframe', [stream(...SETS, PICTURE)]],
    ['in front of it', [stream(...SETS), stream(PICTURE)]],
  ])('begins where its parameter sets come %s', (_where, packets) => {
    const track = new NalTrack({
      info: { kind: 'video', codec: 'h264' },
      tag: Buffer.alloc(0),
      configuration: Buffer.alloc(0),
      timescale: 90_000,
      pixelWidth: 1,
      pixelHeight: 1,
      primingSamples: 0,
    } as ConstructorParameters<typeof NalTrack>[0]);
    const samples = packets.map((data) => track.next(packet(data, true)));
    const units = wholeUnitsIn(samples.at(-1)?.data ?? Buffer.alloc(0), 4);
    expect(units.map((unit) => unit.toString('hex'))).toEqual([...SETS, PICTURE]);
    expect(track.description?.configuration[0]).toBe(1);
  });
});

describe('a track of H.264 whose configuration comes beside it', () => {
  const units = (...hex: readonly string[]): Buffer[] => hex.map((unit) => Buffer.from(unit, 'hex'));
  const recordOf = ([sps = '', pps = '']: readonly string[], lengthBytes: number): Buffer =>
    buildAvcRecord({
      ...{ profile: 66, compatibility: 0xc0, level: 13, lengthBytes },
      ...{ sps: units(sps), pps: units(pps), extension: Buffer.alloc(0) },
    });

  it.each([4, 1])('goes on as another configuration says, with lengths of %i bytes', (lengthBytes) => {
    const track = new NalTrack({
      info: { kind: 'video', codec: 'h264' },
      configuration: recordOf(SETS, 4),
    } as ConstructorParameters<typeof NalTrack>[0]);
    const next = (data: Buffer, extradata?: Buffer) =>
      track.next({ dts: 0, offset: 0, keyframe: true, data, extradata } as Parameters<NalTrack['next']>[0]);
    // The last of what was sent before: its picture did not come any more.
    expect(next(sampleOf([...units(...SETS), Buffer.alloc(300, 6)]))).toBeUndefined();
    const other = recordOf(OTHER_SETS, lengthBytes);
    const picture = sampleOf(units(PICTURE), lengthBytes);
    expect(next(picture, other)?.data).toEqual(picture);
    expect(track.description?.configuration).toEqual(other);
    expect(track.description?.info).toMatchObject({ width: 320, height: 240 });
  });
});
