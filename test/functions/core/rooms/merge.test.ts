import { describe, expect, it } from 'vitest';
import { fileName } from '../../../../functions/core/names/index.ts';
import { partNameValues } from '../../../../functions/core/names/recordNames.ts';
import { type MergeJob, mergeEtaMs, mergeStatus } from '../../../../functions/core/rooms/merge.ts';
import {
  mergeIdOfMarker,
  mergeMarkerKey,
  roomMergeKey,
  roomMergesPrefix,
} from '../../../../functions/core/rooms/mergeKeys.ts';
import { resultJob } from '../../../../functions/core/rooms/mergeResult.ts';
import { DEFAULT_SETTINGS } from '../../../../functions/core/settings/settings.ts';
import { newRecordingId, recordingIdTimeMs } from '../../../../functions/core/state/ids.ts';
import { recordingIdOfIndexKey } from '../../../../functions/core/state/keys.ts';
import { jobSchema } from '../../../../functions/core/state/objects.ts';

const ZERO_MS = Date.UTC(2026, 6, 1, 12);
const mergeId = newRecordingId(ZERO_MS + 3_600_000, Buffer.alloc(16, 7));
const plan = { zeroMs: ZERO_MS, durationMs: 1, participants: [], leftOut: [], plannedAtMs: ZERO_MS };
const cancel = { requestedAtMs: ZERO_MS, requestId: 'r' };
const job: MergeJob = {
  mergeId,
  room: 'team/daily',
  requestedAtMs: ZERO_MS + 3_600_000,
  requestId: 'r',
  layout: 'tracks',
  running: 'wait',
  settings: DEFAULT_SETTINGS,
};

describe('a merge', () => {
  it.each([
    ['waiting', {}],
    ['processing', { plan }],
    ['canceling', { plan, cancel }],
    ['canceling', { cancel }],
    ['canceled', { cancel, outcome: { status: 'canceled', atMs: ZERO_MS } as const }],
    // The cancel came too late.
    ['available', { plan, cancel, outcome: { status: 'available', atMs: ZERO_MS } as const }],
    ['failed', { outcome: { status: 'failed', atMs: ZERO_MS } as const }],
  ])('is %s by its objects', (status, objects) => {
    expect(mergeStatus(objects)).toBe(status);
  });

  it('says how long it will take by how long it took', () => {
    expect(mergeEtaMs({})).toBeUndefined();
    expect(mergeEtaMs({ progress: { startedAtMs: 1_000, atMs: 1_500, percent: 0 } })).toBeUndefined();
    expect(mergeEtaMs({ progress: { startedAtMs: 1_000, atMs: 11_000, percent: 25 } })).toBe(30_000);
    expect(mergeEtaMs({ progress: { startedAtMs: 1_000, atMs: 11_000, percent: 100 } })).toBe(0);
  });

  it('is found by its room and by its marker', () => {
    const key = roomMergeKey(job.room, mergeId);
    expect(key.startsWith(roomMergesPrefix(job.room))).toBe(true);
    expect(recordingIdOfIndexKey(key)).toBe(mergeId);
    expect(mergeIdOfMarker(mergeMarkerKey(mergeId))).toBe(mergeId);
    expect(recordingIdTimeMs(mergeId)).toBe(job.requestedAtMs);
  });

  it('becomes a recording that is in no room, named after the room and its beginning', () => {
    const result = resultJob(job, plan);
    expect(jobSchema.parse(result)).toEqual(result);
    expect(result.stream.room).toBeUndefined();
    const facts = { part: 1, startTimeMs: ZERO_MS, openedAtMs: ZERO_MS, tracks: [] };
    const nameOf = (one: typeof result): string =>
      fileName(partNameValues(one, facts), one.settings.names, 'mp4').name;
    expect(nameOf(result)).toBe('team%2Fdaily-20260701T120000Z-tracks.mp4');
    expect(nameOf(resultJob({ ...job, name: 'Daily 7' }, plan))).toBe('Daily%207.mp4');
  });
});
