import { describe, expect, it } from 'vitest';
import { RecorderError } from '../../../../functions/core/api/errors.ts';
import { clipSpan, joinSpan } from '../../../../functions/core/clips/request.ts';
import type { RecordingObjects } from '../../../../functions/core/state/fold.ts';
import type { FinalPart, OpenPart } from '../../../../functions/core/state/partObjects.ts';

const START_MS = Date.UTC(2026, 6, 1, 12);
const at = (ms: number): string => new Date(START_MS + ms).toISOString();

interface Given {
  readonly startMs: number;
  readonly durationMs?: number;
  readonly attempt?: number;
  readonly format?: OpenPart['format'];
  readonly gaps?: FinalPart['gaps'];
}

function recording(parts: readonly Given[], hasEnded = true): RecordingObjects {
  const found = parts.map(({ startMs, durationMs, attempt = 1, format = 'mp4', gaps }, place) => {
    const part = place + 1;
    const startTimeMs = START_MS + startMs;
    const open = { part, attempt, format, startTimeMs } as OpenPart;
    const final =
      durationMs === undefined
        ? undefined
        : ({
            attempt,
            bytes: 9,
            durationMs,
            startTimeMs,
            endTimeMs: startTimeMs + durationMs,
            gaps,
          } as FinalPart);
    return [part, { open, ...(final === undefined ? {} : { final }) }] as const;
  });
  const objects = {
    job: {},
    attempts: new Map(),
    parts: new Map(found),
    ...(hasEnded ? { outcome: {} } : {}),
  };
  return objects as unknown as RecordingObjects;
}

const refused = (work: () => unknown): { readonly code: string; readonly field: string | undefined } => {
  try {
    work();
  } catch (error) {
    if (error instanceof RecorderError) return { code: error.code, field: error.field };
    throw error;
  }
  throw new Error('it was not refused');
};

describe('what a clip is cut from', () => {
  const NOW_MS = START_MS + 60_000;
  const two = recording([
    { startMs: 0, durationMs: 10_000 },
    { startMs: 15_000, durationMs: 10_000, attempt: 2, gaps: [{ atMs: 4_000, durationMs: 3_000 }] },
  ]);

  it('is told in milliseconds or by the clock, on one time line', () => {
    expect(clipSpan(two, { from: 1_000, to: 16_000 }, NOW_MS)).toEqual({ fromMs: 1_000, toMs: 16_000 });
    expect(clipSpan(two, { from: at(1_000), to: at(16_000) }, NOW_MS)).toEqual({
      fromMs: 1_000,
      toMs: 16_000,
    });
    // Rounded up by its caller.
    expect(clipSpan(two, { from: 24_000, to: 25_400 }, NOW_MS).toMs).toBe(25_000);
  });

  it.each([
    ['to before from', { from: 2_000, to: 1_000 }, 'to'],
    ['nothing between', { from: 2_000, to: 2_000 }, 'to'],
    ['before it began', { from: at(-1), to: 1_000 }, 'from'],
    ['after it ended', { from: 25_000, to: 26_000 }, 'from'],
    ['longer than it', { from: 24_000, to: 27_000 }, 'to'],
    ['between two parts', { from: 11_000, to: 14_000 }, 'from'],
    ['where the source was away', { from: 20_000, to: 21_000 }, 'from'],
  ])('names what is wrong: %s', (_what, asked, field) => {
    expect(refused(() => clipSpan(two, asked, NOW_MS))).toEqual({ code: 'invalid_request', field });
  });

  it('may reach to now while it goes on, and no further', () => {
    const running = recording([{ startMs: 0 }], false);
    expect(clipSpan(running, { from: 30_000, to: 60_000 }, NOW_MS).toMs).toBe(60_000);
    expect(refused(() => clipSpan(running, { from: 61_000, to: 62_000 }, NOW_MS)).field).toBe('from');
  });

  it('is nothing without parts, and without an MP4', () => {
    for (const none of [recording([]), recording([{ startMs: 0, durationMs: 9_000, format: 'webm' }])])
      expect(refused(() => clipSpan(none, { from: 0, to: 1_000 }, NOW_MS)).code).toBe('clip_not_possible');
  });

  it('is joined when all is over, and there is more than one part', () => {
    expect(joinSpan(two)).toEqual({ fromMs: 0, toMs: 25_000 });
    expect(refused(() => joinSpan(recording([{ startMs: 0, durationMs: 9_000 }]))).code).toBe(
      'clip_not_possible',
    );
    expect(refused(() => joinSpan(recording([{ startMs: 0 }], false))).code).toBe('recording_active');
  });
});
