import { expect, it } from 'vitest';
import { EVENT_SOURCE, EVENT_TYPES, type EventType } from '../../../functions/core/events/published.ts';
import { eventLine } from '../../../infra/local/terminal.ts';

const line = (type: EventType, more: object, source = EVENT_SOURCE) =>
  eventLine({ source, 'detail-type': type, detail: { streamName: 'cam 1', recordingId: 'R', ...more } });

it('has one line for each thing that happens to a recording, with the reason of a failure in words', () => {
  const facts = { part: 2, durationMs: 61_234, bytes: 1_000 };
  const record = { ...facts, bucket: 'library', key: 'a/b.mp4', complete: true, incomplete: [] };
  const lost = { complete: false, incomplete: [{ code: 'recorder_lost', message: 'The end is missing.' }] };
  const reason = { code: 'source_failed', message: 'The source failed.', complaint: 'End of file' };
  expect([
    line(EVENT_TYPES.recordingStarted, {}),
    line(EVENT_TYPES.partFinished, facts),
    line(EVENT_TYPES.recordAvailable, record),
    line(EVENT_TYPES.recordAvailable, { ...record, ...lost }),
    line(EVENT_TYPES.recordingFailed, { reason }),
    line(EVENT_TYPES.recordingFinished, {}, 'aws.ecs'),
  ]).toEqual([
    'Recording Started: cam 1 (R)',
    'Recording Part Finished: cam 1 (R): part 2, 61.2 s, 1000 bytes',
    'Record Available: cam 1 (R): s3://library/a/b.mp4, 61.2 s, 1000 bytes',
    'Record Available: cam 1 (R): s3://library/a/b.mp4, 61.2 s, 1000 bytes; not complete: The end is missing.',
    'Recording Failed: cam 1 (R): The source failed. (End of file)',
    undefined,
  ]);
});

it('prints no name that could steer the terminal', () => {
  expect(line(EVENT_TYPES.recordingStarted, { streamName: 'a\u001b[2J\nb\u202ec' })).toBe(
    'Recording Started: a\\u{1b}[2J\\u{a}b\\u{202e}c (R)',
  );
});
