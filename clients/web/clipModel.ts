import { duration } from './format.ts';

/** A piece of a recording, from its first frame's time on. */
export interface Range {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A tenth of a second: what a person can point at. */
const STEP_MS = 100;

/** `1:02:03.4`, `2:03.4` */
export function offsetText(ms: number): string {
  const tenths = Math.max(0, Math.round(ms / STEP_MS));
  return `${duration(Math.floor(tenths / 10) * 1000)}.${tenths % 10}`;
}

/** What a person writes for a time: `83`, `1:23`, `0:01:23.4`; undefined where it is none. */
export function parseOffset(text: string): number | undefined {
  const [, hours = '0', minutes = '0', seconds] =
    /^\s*(?:(?:(\d{1,3}):)?(\d{1,4}):)?(\d{1,6}(?:\.\d{1,3})?)\s*$/.exec(text) ?? [];
  if (seconds === undefined) return undefined;
  return Math.round(((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000);
}

/** Between two places of a recording that is so long, whichever comes first; at least a step. */
export function rangeBetween(aMs: number, bMs: number, wholeMs: number): Range {
  const inside = (ms: number): number => Math.min(Math.max(0, ms), wholeMs);
  const fromMs = Math.min(inside(Math.min(aMs, bMs)), Math.max(0, wholeMs - STEP_MS));
  return { fromMs, toMs: Math.max(inside(Math.max(aMs, bMs)), fromMs + STEP_MS) };
}

/** As the API takes it, by the clock. */
export const clockTimes = ({ fromMs, toMs }: Range, startMs: number): { from: string; to: string } => ({
  from: new Date(startMs + fromMs).toISOString(),
  to: new Date(startMs + toMs).toISOString(),
});
