import { describe, expect, it } from 'vitest';
import { wholeUnitsIn } from '../../../../../functions/core/media/nal/units.ts';
import { NalTrack } from '../../../../../functions/core/media/tracks/nalTrack.ts';

const SETS = ['6742c00bda0a36c044000003000400000300c83c50aa80', '68ce0fc8'];
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
