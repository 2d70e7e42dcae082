import { expect, it } from 'vitest';
import { boxesIn } from '../../../../../functions/core/media/mp4/boxes.ts';
import { Mp4FragmentWriter } from '../../../../../functions/core/media/mp4/fragmentWriter.ts';
import { parseMovieFragment } from '../../../../../functions/core/media/mp4/movieFragment.ts';
import { newInitSegment } from '../../../../../functions/core/media/mp4/newInitSegment.ts';
import { MemoryPages } from '../../../../../functions/core/media/pages.ts';
import type { TrackSamples } from '../../../../../functions/core/media/tracks/fragmentWriter.ts';
import type { TrackDescription } from '../../../../../functions/core/media/tracks/sample.ts';

const FRAME = 1_024;
const RATE_HZ = 48_000;
const SOUND: TrackDescription = {
  info: { kind: 'audio', codec: 'aac', sampleRateHz: RATE_HZ, channels: 1 },
  tag: Buffer.alloc(0),
  configuration: Buffer.from([0x11, 0x88]),
  timescale: RATE_HZ,
  pixelWidth: 1,
  pixelHeight: 1,
  primingSamples: 0,
};
const INIT = newInitSegment(new Map([[1, SOUND]]));
const ms = (units: number): number => (units * 1_000) / RATE_HZ;
const writer = new Mp4FragmentWriter();

function fragmentOf(dts: number, frames: number) {
  const samples = Array.from({ length: frames }, (_, i) => ({
    dts: dts + i * FRAME,
    offset: 0,
    keyframe: true,
    duration: FRAME,
    data: Buffer.from('frame'),
  }));
  const track: TrackSamples = { id: 1, description: SOUND, samples, bytes: frames * 5, primingSamples: 0 };
  const [startMs, endMs] = [ms(dts), ms(dts + frames * FRAME)];
  return writer.write([track], { startMs, endMs, keyframe: true });
}

/** Decode times of the samples in a moof, and the end of the last one. */
function timesIn(bytes: Buffer): number[] {
  const moof = boxesIn(bytes).find(({ type }) => type === 'moof');
  const [track] = parseMovieFragment(bytes.subarray(0, 8 + (moof?.body.length ?? 0)), INIT);
  let time = track?.decodeTime ?? 0;
  const times = [time];
  for (const { duration } of track?.runs[0]?.samples ?? []) {
    time += duration;
    times.push(time);
  }
  return times;
}

/** In frames, from the part's end: what it goes on with. @param behind that, where its times are */
function goneOn(behind: number): number[] {
  const first = fragmentOf(0, 200);
  const part = writer.startPart(first, new MemoryPages());
  part.add(first);
  // ffmpeg was started again, and counts from anywhere.
  const next = fragmentOf(1_000_000, 30);
  expect(part.resume(next, ms((200 + behind) * FRAME))).toBe(true);
  return timesIn(part.add(next)).map((time) => time / FRAME - 200);
}

it('is where its times are that goes on behind the end', () => {
  expect(goneOn(0)).toEqual(Array.from({ length: 31 }, (_, i) => i));
});

it('shortens samples that lie over the end, until those behind them are where they belong', () => {
  const times = goneOn(-7.6);
  const [first = 0] = times;
  // Behind the last sample, which may be as short.
  expect(first).toBeCloseTo(-1, 2);
  const ahead = times.map((time, i) => time - (i - 7.6));
  expect(ahead.filter((frames) => frames > 0.001)).toHaveLength(9);
  expect(times.slice(1).every((time, i) => time - (times[i] ?? 0) >= 0.25)).toBe(true);
  expect(times.at(-1)).toBeCloseTo(30 - 7.6, 2);
});

it('goes on behind the end with what lies over seconds of it', () => {
  const times = goneOn(-3 * (RATE_HZ / FRAME));
  expect(times.slice(1).every((time, i) => Math.round(time - (times[i] ?? 0)) === 1)).toBe(true);
});
