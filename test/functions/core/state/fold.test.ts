import { describe, expect, it } from 'vitest';
import { recordingView } from '../../../../functions/core/api/views.ts';
import { DEFAULT_SETTINGS } from '../../../../functions/core/settings/settings.ts';
import {
  type PartObjects,
  type RecordingObjects,
  recordingStatus,
  waitingOf,
} from '../../../../functions/core/state/fold.ts';
import type { Job, Progress } from '../../../../functions/core/state/objects.ts';
import type { FinalPart, MovedPart, OpenPart } from '../../../../functions/core/state/partObjects.ts';

const job: Job = {
  recordingId: '01ARZ3NDEKTSV4RRFFQ69G5FAV',
  mediaSessionId: 'm1',
  requestedAtMs: 1_000,
  requestId: 'r1',
  source: { url: 'rtmp://user:password@media.example/live/secret-key?token=t0ken' },
  stream: { name: 'camera' },
  settings: DEFAULT_SETTINGS,
};
const open: OpenPart = {
  part: 1,
  attempt: 1,
  key: 'records/x',
  uploadId: 'u',
  fileName: 'x.mp4',
  format: 'mp4',
  openedAtMs: 2_000,
  startTimeMs: 1_900,
  tracks: [],
};
const final: FinalPart = {
  ...open,
  uploaded: [],
  bytes: 10,
  crc32: 'AAAAAA==',
  durationMs: 100,
  endTimeMs: 2_000,
  startTimeMillis: 2_000,
  endTimeMillis: 2_100,
  videoFrames: 3,
  recovered: false,
  finalizedAtMs: 2_200,
};
const moved: MovedPart = {
  part: 1,
  bucket: 'library',
  key: 'stream_records/x.mp4',
  etag: '"e"',
  bytes: 10,
  movedAtMs: 3_000,
};
const claim = { attempt: 1, claimedAtMs: 1_500 };
const stop = { requestedAtMs: 1_800, by: 'x', reason: 'y' };
const outcome = {
  status: 'finished',
  reason: { code: 'stopped', message: 'm' },
  parts: 1,
  atMs: 2_300,
} as const;
const end = {
  attempt: 1,
  endedAtMs: 2_250,
  by: 'recorder',
  reason: { code: 'interrupted', message: 'm' },
} as const;

const objects = (change: Partial<RecordingObjects>): RecordingObjects => ({
  job,
  attempts: new Map(),
  parts: new Map(),
  ...change,
});
const opened = new Map([[1, { open }]]);
const done = new Map([[1, { open, final }]]);
const home = new Map([[1, { open, final, moved }]]);

describe('a recording’s status', () => {
  it.each([
    ['starting', objects({})],
    ['starting', objects({ attempts: new Map([[1, { claim }]]) })],
    ['recording', objects({ attempts: new Map([[1, { claim }]]), parts: opened })],
    ['interrupted', objects({ attempts: new Map([[1, { claim, end }]]), parts: done })],
    [
      'recording',
      objects({
        attempts: new Map([
          [1, { claim, end }],
          [2, { claim }],
        ]),
        parts: opened,
      }),
    ],
    ['stopping', objects({ stop, attempts: new Map([[1, { claim }]]), parts: opened })],
    ['processing', objects({ stop, outcome, parts: done })],
    ['available', objects({ stop, outcome, parts: home })],
    ['failed', objects({ outcome: { ...outcome, status: 'failed' }, parts: home })],
  ])('is %s', (status, given) => expect(recordingStatus(given)).toBe(status));
});

describe('what a recording waits for', () => {
  const progress = {
    ...{ attempt: 1, atMs: 2_000, part: 1, bytes: 0, uploadedBytes: 0, durationMs: 0 },
    ...{ bitrateBps: 0, fps: 0, tailAgeMs: 0, spoolBytes: 0 },
  };
  const waits = { ...progress, waitsForKeyframeSinceMs: 1_700 };
  const attempt = (told: Progress) => new Map([[1, { claim, progress: told }]]);

  it.each([
    ['source', objects({ attempts: new Map([[1, { claim }]]) }), 1_500],
    ['keyframe', objects({ attempts: attempt(waits) }), 1_700],
    // Its sound is recorded meanwhile.
    ['keyframe', objects({ attempts: attempt(waits), parts: opened }), 1_700],
  ])('%s', (waited, given, sinceMs) => {
    expect(waitingOf(given)).toEqual({ for: waited, sinceMs });
    const view = recordingView(given, new Map());
    expect(view.waiting).toEqual({ for: waited, since: new Date(sinceMs).toISOString() });
    expect(view.progress ?? {}).not.toHaveProperty('waitsForKeyframeSinceMs');
  });

  it('is nothing once pictures come, or when it ends', () => {
    expect(waitingOf(objects({ attempts: attempt(progress), parts: opened }))).toBeUndefined();
    expect(waitingOf(objects({ attempts: attempt(waits), stop }))).toBeUndefined();
    expect(waitingOf(objects({ attempts: attempt(waits), outcome }))).toBeUndefined();
  });
});

describe('what the API shows', () => {
  it('has no secret of the source in it', () => {
    const shown = JSON.stringify(recordingView(objects({ parts: home, outcome, stop }), new Map()));
    for (const secret of ['password', 'secret-key', 't0ken']) expect(shown).not.toContain(secret);
    expect(shown).toContain('"source":"rtmp://media.example/live/***"');
    expect(shown).toContain('"library":{"bucket":"library","key":"stream_records/x.mp4"}');
  });

  it('says what was not recorded between two attempts', () => {
    const next = { ...open, part: 2, attempt: 2, startTimeMs: final.endTimeMs + 4_200 };
    const parts = new Map([
      [1, { open, final }],
      [2, { open: next }],
    ]);
    expect(recordingView(objects({ parts }), new Map()).parts).toMatchObject([
      { gapBeforeMs: undefined },
      { gapBeforeMs: 4_200 },
    ]);
  });

  it('takes a part of which nothing was saved for settled', () => {
    const nothing = new Map<number, PartObjects>([
      ...home,
      [2, { open, final: { ...final, bytes: 0, uploaded: [] } }],
    ]);
    expect(recordingStatus(objects({ outcome, parts: nothing }))).toBe('available');
  });
});
