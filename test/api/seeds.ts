import { randomBytes } from 'node:crypto';
import type { StateStore } from '../../functions/aws/stateStore.ts';
import { PARTS_MAX } from '../../functions/core/api/partsPage.ts';
import { markActive } from '../../functions/core/protocol/active.ts';
import { DEFAULT_SETTINGS } from '../../functions/core/settings/settings.ts';
import type { PartObjects, RecordingObjects } from '../../functions/core/state/fold.ts';
import { newRecordingId } from '../../functions/core/state/ids.ts';
import {
  attemptKey,
  controlKey,
  endingKey,
  indexKey,
  jobKey,
  lockKey,
  outcomeKey,
  partKey,
  stopKey,
} from '../../functions/core/state/keys.ts';
import type { End, Job, Reason } from '../../functions/core/state/objects.ts';
import type { FinalPart, MovedPart, OpenPart } from '../../functions/core/state/partObjects.ts';

/** What a recording left in state, but for its job. */
export type Seed = Partial<Omit<RecordingObjects, 'job'>> & Pick<Job, 'replaces' | 'merge'>;

const START_MS = Date.UTC(2026, 10, 28, 12);
const PART_MS = 5_000;
const at = (part: number): number => START_MS + (part - 1) * PART_MS;
const stopped: Reason = { code: 'stopped', message: 'The recording was stopped.' };

const open = (part: number, attempt = 1): OpenPart => ({
  part,
  attempt,
  key: `records/x/${attempt}/stream_${part}.mp4`,
  uploadId: `u${part}`,
  fileName: `stream_${part}.mp4`,
  format: 'mp4',
  openedAtMs: at(part) + 200,
  startTimeMs: at(part),
  tracks: [
    { kind: 'video', codec: 'h264', width: 640, height: 360 },
    { kind: 'audio', codec: 'aac', sampleRateHz: 44_100, channels: 2 },
  ],
});
const final = (part: number, more: Partial<FinalPart> = {}, attempt = 1): FinalPart => {
  const { key, uploadId, format, startTimeMs, openedAtMs, tracks } = open(part, attempt);
  return {
    ...{ part, attempt, key, uploadId, format, startTimeMs, tracks },
    uploaded: [{ partNumber: 1, bytes: 1_000, crc32: 'AAAAAA==', etag: '"e"' }],
    newFirst: { partNumber: 1, bytes: 1_100, crc32: 'AAAAAA==' },
    bytes: 1_100,
    crc32: 'AAAAAA==',
    // As a muxer says it.
    durationMs: PART_MS + 1 / 3,
    endTimeMs: startTimeMs + PART_MS,
    startTimeMillis: openedAtMs,
    endTimeMillis: startTimeMs + PART_MS + 200,
    videoFrames: 125,
    recovered: false,
    finalizedAtMs: startTimeMs + PART_MS + 300,
    ...more,
  };
};
const moved = (part: number, more: Partial<MovedPart> = {}): MovedPart => ({
  part,
  bucket: 'library',
  key: `stream_records/stream_${part}.mp4`,
  etag: '"e"',
  bytes: 1_100,
  movedAtMs: at(part) + PART_MS + 900,
  incomplete: [],
  ...more,
});
const placed = (name: string) => ({ key: `stream_records/stream_1.${name}`, versionId: 'v', etag: '"e"' });
const end = (attempt: number, reason: Reason, by = 'recorder'): End => ({
  attempt,
  endedAtMs: at(4),
  by,
  reason,
});
const claim = (attempt: number) => ({ attempt, claimedAtMs: START_MS - 900, taskArn: `task/${attempt}` });
const parts = (...found: PartObjects[]): ReadonlyMap<number, PartObjects> =>
  new Map(found.map((objects, index) => [index + 1, objects]));
const stop = { requestedAtMs: at(3) + 100, by: 'request r', reason: 'asked' };
const finished = { status: 'finished', reason: stopped, parts: 1, atMs: at(4) } as const;
const whole = (part: number): PartObjects => ({ open: open(part), final: final(part), moved: moved(part) });

/** A recording in every state in which a caller may find one. */
export const SEEDS = {
  starting: {},
  claimed: { attempts: new Map([[1, { claim: claim(1) }]]) },
  recording: {
    attempts: new Map([
      [
        1,
        {
          claim: claim(1),
          progress: {
            ...{ attempt: 1, atMs: at(2), part: 1, bytes: 900, uploadedBytes: 0, durationMs: 4_000.5 },
            ...{ bitrateBps: 2_000_000, fps: 25, tailAgeMs: 800, spoolBytes: 0 },
          },
        },
      ],
    ]),
    parts: parts({
      open: {
        ...open(1),
        leftOut: [{ kind: 'subtitle', codec: 'dvb_teletext', reason: 'container', count: 1 }],
      },
    }),
  },
  finished: {
    stop,
    outcome: finished,
    attempts: new Map([[1, { claim: claim(1), end: end(1, stopped) }]]),
    parts: parts({ open: open(1), final: final(1) }),
  },
  moved: {
    stop,
    outcome: finished,
    attempts: new Map([[1, { claim: claim(1), end: end(1, stopped) }]]),
    parts: parts({
      ...whole(1),
      moved: moved(1, {
        ...{
          versionId: 'v',
          wholeName: `stream-${'x'.repeat(300)}.mp4`,
          crc32: 'AAAAAA==',
          sha256: `${'A'.repeat(43)}=`,
        },
        pictures: {
          poster: placed('poster.jpg'),
          storyboard: {
            sprite: placed('storyboard.jpg'),
            list: placed('storyboard.vtt'),
            layout: { tileWidth: 160, tileHeight: 90, columns: 2, timesMs: [0, 2_000] },
          },
        },
      }),
    }),
  },
  rotated: {
    control: {
      commands: [
        { sequence: 1, kind: 'rotate', requestedAtMs: at(2) - 500 },
        { sequence: 2, kind: 'rotate', requestedAtMs: at(3) - 500 },
      ],
    },
    attempts: new Map([[1, { claim: claim(1) }]]),
    parts: parts(whole(1), { open: open(2), final: final(2) }, { open: open(3) }),
  },
  sourceLost: {
    attempts: new Map([[1, { claim: claim(1) }]]),
    parts: parts({
      open: open(1),
      final: final(1, { gaps: [{ atMs: 1_000, durationMs: 700.25 }] }),
      moved: moved(1, { incomplete: [{ code: 'source_away', message: 'The source was away for 700 ms.' }] }),
    }),
  },
  recovered: {
    outcome: { ...finished, reason: { code: 'source_ended', message: 'The source ended.' } },
    attempts: new Map([
      [1, { claim: claim(1), end: end(1, { code: 'recorder_failed', message: 'x' }, 'task-stopped') }],
      [2, { claim: claim(2), end: end(2, { code: 'source_ended', message: 'The source ended.' }) }],
    ]),
    parts: parts(
      {
        open: open(1),
        final: final(1, { recovered: true, estimatedLossMs: 1_200 }),
        moved: moved(1, {
          durationMs: 4_960.5,
          incomplete: [
            { code: 'recorder_lost', message: 'The recorder was lost; about 1200 ms is missing.' },
          ],
        }),
      },
      { open: open(3, 2), final: final(3, {}, 2), moved: moved(3) },
    ),
  },
  interrupted: {
    attempts: new Map([[1, { claim: claim(1), end: end(1, { code: 'interrupted', message: 'x' }) }]]),
    parts: parts(whole(1)),
  },
  handedOver: {
    attempts: new Map([
      [1, { claim: claim(1), end: { ...end(1, { code: 'handed_over', message: 'x' }), overlapMs: 640 } }],
      [2, { claim: { ...claim(2), hostId: 'host-2' } }],
    ]),
    parts: parts(whole(1), { open: open(2, 2) }),
  },
  replacing: { replaces: '01ARZ3NDEKTSV4RRFFQ69G5FAV' },
  merged: { merge: { room: 'team', layout: 'tracks' } },
  stopping: { stop, attempts: new Map([[1, { claim: claim(1) }]]), parts: parts({ open: open(1) }) },
  /** More parts than an answer has. */
  paged: {
    outcome: finished,
    parts: parts(...Array.from({ length: PARTS_MAX + 1 }, (_, index) => ({ moved: moved(index + 1) }))),
  },
  finishing: {
    ending: { attempt: 1, atMs: at(2), reason: { code: 'source_ended', message: 'The source ended.' } },
    attempts: new Map([[1, { claim: claim(1) }]]),
    parts: parts({ open: open(1) }),
  },
  /** Killed before its first checkpoint: the rescuer found nothing. */
  empty: {
    outcome: { ...finished, parts: 1 },
    parts: parts({ open: open(1), final: final(1, { bytes: 0, uploaded: [], durationMs: 0, tracks: [] }) }),
  },
  failed: {
    outcome: {
      status: 'failed',
      reason: { code: 'source_not_found', message: 'The source was not found.' },
      parts: 0,
      atMs: at(1),
    },
    attempts: new Map([[1, { claim: claim(1), end: end(1, { code: 'source_not_found', message: 'x' }) }]]),
  },
} as const satisfies Record<string, Seed>;

/** Writes all of it, as start, recorder, rescuer and relocation would. @returns the recording's id */
export async function seed(store: StateStore, mediaSessionId: string, objects: Seed): Promise<string> {
  const {
    replaces,
    merge,
    stop,
    ending,
    control,
    outcome,
    attempts = new Map(),
    parts = new Map(),
  } = objects;
  const recordingId = newRecordingId(START_MS - 2_000, randomBytes(16));
  await store.create(jobKey(recordingId), {
    recordingId,
    mediaSessionId,
    requestedAtMs: START_MS - 2_000,
    requestId: 'seed',
    source: { url: 'rtmp://user:pass@media.example/live/secret-key' },
    stream: { name: mediaSessionId },
    settings: DEFAULT_SETTINGS,
    replaces,
    merge,
  });
  await markActive(store, { recordingId, mediaSessionId });
  await store.create(lockKey(mediaSessionId), { recordingId, acquiredAtMs: START_MS });
  await store.create(indexKey(recordingId), { recordingId });
  const facts: [string, unknown][] = [
    [stopKey(recordingId), stop],
    [endingKey(recordingId), ending],
    [controlKey(recordingId), control],
    [outcomeKey(recordingId), outcome],
  ];
  for (const [attempt, found] of attempts) {
    for (const file of ['claim', 'progress', 'end'] as const)
      facts.push([attemptKey(recordingId, attempt, file), found[file]]);
  }
  for (const [part, found] of parts) {
    for (const file of ['open', 'final', 'moved'] as const)
      facts.push([partKey(recordingId, part, file), found[file]]);
  }
  for (const [key, value] of facts) if (value !== undefined) await store.create(key, value);
  return recordingId;
}
