import { expect, it } from 'vitest';
import { planFor } from '../../../../functions/core/settings/formats.ts';
import type { FoundSource } from '../../../../functions/core/settings/selectTracks.ts';
import { DEFAULT_SETTINGS } from '../../../../functions/core/settings/settings.ts';

const found = (video: string | undefined, audio: string): FoundSource => {
  const sound = { kind: 'audio', codec: audio, sampleRateHz: 48_000 } as const;
  const streams = video === undefined ? [sound] : [{ kind: 'video', codec: video } as const, sound];
  return { streams: streams.map((stream, index) => ({ ...stream, index })), programs: [] };
};

it.each([
  ['hevc', 'aac', 'mp4'],
  [undefined, 'aac', 'mp4'],
  ['h264', 'opus', 'mkv'],
  ['av1', 'opus', 'webm'],
  ['vp9', 'aac', 'mkv'],
  [undefined, 'opus', 'webm'],
])('%s with %s of 48 kHz, where nothing is encoded, goes into %s as it is', (video, audio, format) => {
  expect(planFor(found(video, audio), DEFAULT_SETTINGS, false)).toMatchObject({ format, audio: 'copy' });
});
