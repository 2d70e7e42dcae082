import { MemoryPages } from '../pages.ts';
import type { TrackDescription } from '../tracks/sample.ts';
import { MatroskaFragmentWriter } from './fragmentWriter.ts';

/** A second is exact in every unit of time. */
const PICTURE_EVERY_MS = 1_000;

/**
 * Keyframes as a file that has nothing else: whatever the codec, one demuxer reads it, and a picture's second says which
 * one it is.
 * @param description of all of them
 * @throws MediaError Matroska does not carry the codec here
 */
export function pictureFile(description: TrackDescription, keyframes: readonly Buffer[]): Buffer[] {
  const writer = new MatroskaFragmentWriter('mkv');
  const { timescale } = description;
  const duration = (PICTURE_EVERY_MS * timescale) / 1000;
  const fragments = keyframes.map((data, place) => {
    const sample = { dts: place * duration, offset: 0, keyframe: true, duration, data };
    const track = { id: 1, description, samples: [sample], bytes: data.length, primingSamples: 0 };
    const startMs = place * PICTURE_EVERY_MS;
    return writer.write([track], { startMs, endMs: startMs + PICTURE_EVERY_MS, keyframe: true });
  });
  const [first] = fragments;
  if (first === undefined) return [];
  const muxer = writer.startPart(first, new MemoryPages());
  return [muxer.head, ...fragments.map((fragment) => muxer.add(fragment))];
}
