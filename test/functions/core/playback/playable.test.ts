import { describe, expect, it } from 'vitest';
import { playableOf } from '../../../../functions/core/playback/playable.ts';
import { DEFAULT_SETTINGS } from '../../../../functions/core/settings/settings.ts';
import type { PartObjects, RecordingObjects } from '../../../../functions/core/state/fold.ts';
import type { OpenPart } from '../../../../functions/core/state/partObjects.ts';

interface PartFacts {
  readonly part: number;
  readonly attempt?: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly format?: OpenPart['format'];
  readonly codec?: string;
  readonly hasIndex?: boolean;
  readonly isMoved?: boolean;
}

function partOf(facts: PartFacts): PartObjects {
  const { part, attempt = 1, fromMs, toMs, format = 'mp4', codec = 'h264', hasIndex = true } = facts;
  const tracks = [{ kind: 'video' as const, codec }];
  const same = { part, attempt, key: `k${part}`, uploadId: 'u', format, startTimeMs: fromMs, tracks };
  return {
    open: { ...same, fileName: 'f', openedAtMs: fromMs },
    final: {
      ...same,
      uploaded: [],
      bytes: 10,
      crc32: 'AAAAAA==',
      durationMs: toMs - fromMs,
      endTimeMs: toMs,
      startTimeMillis: fromMs,
      endTimeMillis: toMs,
      videoFrames: 1,
      recovered: false,
      finalizedAtMs: toMs,
    },
    ...(facts.isMoved === false
      ? {}
      : { moved: { part, bucket: 'library', key: `l${part}`, etag: 'e', bytes: 10, movedAtMs: toMs } }),
    ...(hasIndex ? { hasIndex } : {}),
  };
}

function recordingOf(parts: readonly PartFacts[], isEnded = true): RecordingObjects {
  return {
    job: {
      recordingId: 'r',
      mediaSessionId: 'm',
      requestedAtMs: 0,
      requestId: 'q',
      source: { url: 'rtmp://h/a' },
      stream: { name: 's' },
      settings: DEFAULT_SETTINGS,
    },
    attempts: new Map(),
    parts: new Map(parts.map((facts) => [facts.part, partOf(facts)])),
    ...(isEnded
      ? {
          outcome: {
            status: 'finished' as const,
            reason: { code: 'stopped' as const, message: 'x' },
            parts: parts.length,
            atMs: 1,
          },
        }
      : {}),
  };
}

const played = (parts: readonly PartFacts[]) =>
  playableOf(recordingOf(parts))?.parts.map(({ open, untilMs }) => [open.part, untilMs]);
const WHOLE = Number.POSITIVE_INFINITY;

describe('what of a recording can be played', () => {
  it('is nothing yet while it goes on, or nothing of it is in the library', () => {
    expect(playableOf(recordingOf([{ part: 1, fromMs: 0, toMs: 9 }], false))).toBeUndefined();
    expect(playableOf(recordingOf([{ part: 1, fromMs: 0, toMs: 9, isMoved: false }]))).toBeUndefined();
  });

  it('is all of its parts, in order', () => {
    expect(
      played([
        { part: 2, fromMs: 9_000, toMs: 18_000 },
        { part: 1, fromMs: 0, toMs: 9_000 },
        { part: 10, attempt: 2, fromMs: 30_000, toMs: 40_000 },
      ]),
    ).toEqual([
      [1, 30_000],
      [2, 21_000],
      [10, WHOLE],
    ]);
  });

  it('is an earlier attempt up to where a later one took over, and nothing of what began after that', () => {
    expect(
      played([
        { part: 1, fromMs: 0, toMs: 100_000 },
        { part: 2, attempt: 2, fromMs: 95_000, toMs: 200_000 },
        { part: 3, attempt: 1, fromMs: 97_000, toMs: 100_500 },
      ]),
    ).toEqual([
      [1, 95_000],
      [2, WHOLE],
    ]);
  });

  it.each([
    ['webm', 'vp8', true, 'container'],
    ['mkv', 'h264', true, 'container'],
    ['mp4', 'mpeg4', true, 'codec'],
    ['mp4', 'hevc', false, 'index'],
  ] as const)('is nothing of %s with %s (index: %s): %s', (format, codec, hasIndex, reason) => {
    const recording = recordingOf([{ part: 1, fromMs: 0, toMs: 9, format, codec, hasIndex }]);
    expect(playableOf(recording)).toEqual({ parts: [], reason });
  });

  it('leaves out parts of another container, which one list cannot have', () => {
    expect(
      played([
        { part: 1, fromMs: 0, toMs: 9_000 },
        { part: 2, fromMs: 9_000, toMs: 18_000, format: 'ts' },
      ]),
    ).toEqual([[1, WHOLE]]);
  });
});
