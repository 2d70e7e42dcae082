import { expect, it } from 'vitest';
import { recordingView } from '../../../../functions/core/api/views.ts';
import { DEFAULT_SETTINGS } from '../../../../functions/core/settings/settings.ts';
import type { RecordingObjects } from '../../../../functions/core/state/fold.ts';
import type { Job } from '../../../../functions/core/state/objects.ts';
import type { OpenPart } from '../../../../functions/core/state/partObjects.ts';

const job: Job = {
  recordingId: '01KAVYBT0000000000000000AA',
  mediaSessionId: 'm1',
  requestedAtMs: 10_000,
  requestId: 'r',
  source: { url: 'rtmp://h/a/b' },
  stream: { name: 's' },
  settings: DEFAULT_SETTINGS,
};
const openAt = (startTimeMs: number): OpenPart => ({
  part: 1,
  attempt: 1,
  key: 'k',
  uploadId: 'u',
  fileName: 'f.mp4',
  format: 'mp4',
  openedAtMs: 13_000,
  startTimeMs,
  tracks: [],
});

it.each([
  ['a live source', 12_000, 12_000],
  ['a source that begins with what it has kept', 4_000, 10_000],
])('%s starts when it was asked for, or later', (_what, startTimeMs, startedAtMs) => {
  const parts = new Map([[1, { open: openAt(startTimeMs) }]]);
  const view = recordingView({ job, attempts: new Map(), parts }, new Map());
  expect(Date.parse(String(view.startedAt))).toBe(startedAtMs);
  expect(view.parts).toMatchObject([{ startTime: new Date(startTimeMs).toISOString() }]);
});

it('names the host that records it, while it does', () => {
  const claim = { attempt: 1, claimedAtMs: 11_000 };
  const reason = { code: 'stopped', message: 'm' } as const;
  const end = { attempt: 1, endedAtMs: 14_000, by: 'recorder', reason };
  const hostOf = (attempts: RecordingObjects['attempts']) =>
    recordingView({ job, attempts, parts: new Map() }, new Map()).hostId;
  const carried = { claim: { ...claim, hostId: 'h' } };
  expect(hostOf(new Map([[1, carried]]))).toBe('h');
  expect(hostOf(new Map([[1, { claim }]]))).toBeUndefined();
  expect(hostOf(new Map([[1, { ...carried, end }]]))).toBeUndefined();
});
