import { describe, expect, it } from 'vitest';
import { MatroskaFragmentWriter } from '../../../../../functions/core/media/matroska/fragmentWriter.ts';
import { Mp4FragmentWriter } from '../../../../../functions/core/media/mp4/fragmentWriter.ts';
import { MemoryPages } from '../../../../../functions/core/media/pages.ts';
import type {
  FragmentWriter,
  TrackSamples,
} from '../../../../../functions/core/media/tracks/fragmentWriter.ts';
import type { TrackDescription } from '../../../../../functions/core/media/tracks/sample.ts';

const described = (info: TrackDescription['info'], timescale: number): TrackDescription => ({
  info,
  tag: Buffer.alloc(4),
  configuration: Buffer.alloc(8),
  timescale,
  pixelWidth: 1,
  pixelHeight: 1,
  primingSamples: 0,
});
const PICTURES = described({ kind: 'video', codec: 'h264', width: 16, height: 16 }, 90_000);
const soundOf = (sampleRateHz: number): TrackDescription =>
  described({ kind: 'audio', codec: 'aac', sampleRateHz, channels: 1 }, sampleRateHz);

const WRITERS: Readonly<Record<string, () => FragmentWriter>> = {
  mp4: () => new Mp4FragmentWriter(),
  mkv: () => new MatroskaFragmentWriter('mkv'),
};

describe.each(['mp4', 'mkv'])('a part in %s', (format) => {
  const write = (descriptions: readonly TrackDescription[], keyframe: boolean) => {
    const tracks = descriptions.map((description, place): TrackSamples => {
      const data = Buffer.from('sample');
      const samples = [{ dts: 0, offset: 0, keyframe, duration: 1, data }];
      return { id: place + 1, description, samples, bytes: data.length, primingSamples: 0 };
    });
    return (WRITERS[format] as () => FragmentWriter)().write(tracks, { startMs: 0, endMs: 40, keyframe });
  };
  const first = write([PICTURES, soundOf(48_000)], true);
  const part = (WRITERS[format] as () => FragmentWriter)().startPart(first, new MemoryPages());

  it.each([
    ['goes on without its sound where there is no keyframe', [PICTURES], false, true],
    ['ends before a keyframe behind which its sound is not there', [PICTURES], true, false],
    ['does not take other sound', [PICTURES, soundOf(44_100)], false, false],
    ['goes on with all that it has', [PICTURES, soundOf(48_000)], true, true],
  ])('%s', (_, tracks, keyframe, accepted) => {
    expect(part.accepts(write(tracks, keyframe))).toBe(accepted);
  });
});
