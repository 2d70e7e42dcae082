import type { RunCutter } from '../../../../functions/core/media/live/runCutter.ts';
import { FLV_HEADER, type FlvTag, writeFlv } from '../../../support/flvTags.ts';

export const AUDIO = 8;
export const VIDEO = 9;
export const FRAME_MS = 40;

/** What each run of a demuxer gets. */
export function runsOf(cutter: RunCutter, chunks: readonly Buffer[]): Buffer[] {
  const runs: Buffer[][] = [];
  const pieces = [...chunks.flatMap((chunk) => cutter.push(Buffer.from(chunk))), ...cutter.end()];
  for (const { bytes, begins } of pieces) {
    if (begins) runs.push([]);
    runs.at(-1)?.push(bytes);
  }
  return runs.map((run) => Buffer.concat(run));
}

export const configuration = (kind: number, atMs: number, mark = 0): FlvTag => ({
  kind,
  atMs,
  body: Buffer.from([kind === VIDEO ? 0x17 : 0xaf, 0, 0, 0, mark]),
});
export const sound = (atMs: number): FlvTag => ({
  kind: AUDIO,
  atMs,
  body: Buffer.from([0xaf, 1, 0x21, 0x10]),
});
export const picture = (atMs: number, isKeyframe: boolean): FlvTag => ({
  kind: VIDEO,
  atMs,
  body: Buffer.from([isKeyframe ? 0x17 : 0x27, 1, 0, 0, 0, 9]),
});
export const times = (fromMs: number, untilMs: number): number[] =>
  Array.from({ length: (untilMs - fromMs) / FRAME_MS }, (_, i) => fromMs + i * FRAME_MS);
export const byTime = (tags: readonly FlvTag[]): FlvTag[] =>
  tags.toSorted((one, other) => one.atMs - other.atMs);
export const flv = (tags: readonly FlvTag[]): Buffer => Buffer.concat([FLV_HEADER, writeFlv(tags)]);
