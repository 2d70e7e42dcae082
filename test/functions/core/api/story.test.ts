import { expect, it } from 'vitest';
import { recordingStory } from '../../../../functions/core/api/story.ts';
import { DEFAULT_SETTINGS } from '../../../../functions/core/settings/settings.ts';
import type { Job } from '../../../../functions/core/state/objects.ts';
import type { FinalPart, OpenPart } from '../../../../functions/core/state/partObjects.ts';

const job: Job = {
  recordingId: '01KAVYBT0000000000000000AA',
  mediaSessionId: 'm1',
  requestedAtMs: 1_000,
  requestId: 'r',
  source: { url: 'rtmp://h/a/b' },
  stream: { name: 's' },
  settings: DEFAULT_SETTINGS,
};
const open: OpenPart = {
  part: 1,
  attempt: 1,
  key: 'k',
  uploadId: 'u',
  fileName: 'f.mp4',
  format: 'mp4',
  openedAtMs: 3_000,
  startTimeMs: 2_500,
  tracks: [],
};
const final: FinalPart = {
  ...open,
  uploaded: [],
  bytes: 1,
  crc32: '',
  durationMs: 60_000,
  endTimeMs: 62_500,
  startTimeMillis: 3_000,
  endTimeMillis: 63_000,
  videoFrames: 1,
  gaps: [{ atMs: 20_000, durationMs: 4_000 }],
  recovered: false,
  finalizedAtMs: 64_000,
};

it('tells when the source was lost and came back', () => {
  const story = recordingStory({ job, attempts: new Map(), parts: new Map([[1, { open, final }]]) });
  expect(story.map(({ type, afterMs }) => [type, afterMs])).toEqual([
    ['requested', 0],
    ['firstFrame', 2_000],
    ['partOpened', 2_000],
    ['sourceLost', 21_500],
    ['sourceBack', 25_500],
    ['partFinished', 63_000],
  ]);
});
