import { describe, expect, it } from 'vitest';
import { Fragmenter } from '../../../../../functions/core/media/tracks/fragmenter.ts';
import type {
  FragmentWriter,
  TrackSamples,
} from '../../../../../functions/core/media/tracks/fragmentWriter.ts';
import type { TrackDescription } from '../../../../../functions/core/media/tracks/sample.ts';
import type { Before, Fragment } from '../../../../../functions/core/media/types.ts';

const FRAME_SAMPLES = 1_024;
const FRAMES = 8;

/** Sound as an encoder of ours gives it: in front of what is heard there is something else. */
function encoded(primingSamples: number): TrackDescription {
  return {
    info: { kind: 'audio', codec: 'aac', sampleRateHz: 44_100, channels: 1 },
    tag: Buffer.alloc(0),
    configuration: Buffer.from([0x12, 0x08]),
    timescale: 44_100,
    pixelWidth: 1,
    pixelHeight: 1,
    primingSamples,
  };
}

/** When the samples of a first fragment are decoded, in frames, as something begins with it; and when it is heard first. */
function beginning(primingSamples: number, behind: Before): { at: number[]; startMs: number } {
  let written: readonly TrackSamples[] = [];
  const writer = {
    write: (tracks: readonly TrackSamples[], times: object): Fragment => {
      written = tracks;
      return { ...times, bytes: Buffer.alloc(0) } as Fragment;
    },
  };
  const fragmenter = new Fragmenter(writer as FragmentWriter);
  const description = encoded(primingSamples);
  for (let frame = -1; frame < FRAMES - 1; frame++) {
    const sample = { description, dts: frame * FRAME_SAMPLES, offset: 0, keyframe: true };
    fragmenter.push(1, { ...sample, data: Buffer.from([frame]) }, 0);
  }
  const fragment = fragmenter.rest();
  const { startMs } = fragment?.asBeginning?.(behind) ?? fragment ?? { startMs: Number.NaN };
  return { at: written.flatMap(({ samples }) => samples.map(({ dts }) => dts / FRAME_SAMPLES)), startMs };
}

describe('a frame that an encoder puts in front of what is heard', () => {
  it('begins a file', () => {
    expect(beginning(1_024, 'nothing')).toEqual({ at: [-1, 0, 1, 2, 3, 4, 5, 6], startMs: 0 });
  });

  it.each(['gap', 'all'] as const)('is in no file that goes on with it, behind %s', (behind) => {
    expect(beginning(1_024, behind)).toEqual({ at: [0, 1, 2, 3, 4, 5, 6], startMs: 0 });
  });

  it('is kept where some of it is heard', () => {
    const { at } = beginning(312, 'gap');
    expect(at).toEqual([-1, 0, 1, 2, 3, 4, 5, 6]);
  });
});
