import { beforeAll, describe, expect, it } from 'vitest';
import { partsPage } from '../../../functions/core/api/partsPage.ts';
import { recordingStory } from '../../../functions/core/api/story.ts';
import { storyPage } from '../../../functions/core/api/storyPage.ts';
import { recordingView } from '../../../functions/core/api/views.ts';
import { piecesOf, placedParts } from '../../../functions/core/clips/placedParts.ts';
import { clipSpan, joinSpan } from '../../../functions/core/clips/request.ts';
import { playableOf } from '../../../functions/core/playback/playable.ts';
import type { RecordingObjects } from '../../../functions/core/state/fold.ts';
import { fragmentIndexKey, jobKey, outcomeKey, partKey } from '../../../functions/core/state/keys.ts';
import { readRecording } from '../../../functions/recordings/read.ts';
import { MemoryStore } from '../../support/memoryStore.ts';
import { landedPart, START_MS } from '../relocation/landed.ts';

/** A day that is rotated by the minute. */
const PARTS = 1_440;
const MINUTE_MS = 60_000;
/** Lambda takes no longer answer. */
const ANSWER_MAX_BYTES = 6 * 1024 * 1024;
const LINK = {
  url: `https://library.example/${'x'.repeat(2_500)}`,
  headUrl: 'h'.repeat(2_500),
  expiresInSeconds: 1,
};

const bytesOf = (answer: unknown): number => Buffer.byteLength(JSON.stringify(answer));

describe('a day that is rotated by the minute', () => {
  const store = new MemoryStore();
  let recordingId: string;
  let read = 0;
  let day: RecordingObjects;

  beforeAll(async () => {
    const settings = { rotation: { kind: 'time', everyMs: MINUTE_MS } } as const;
    for (let part = 1; part <= PARTS; part++) {
      const { job, open, final } = landedPart(Buffer.from('part'), 1, {
        part,
        settings,
        streamName: 'x'.repeat(200),
      });
      const startTimeMs = START_MS + (part - 1) * MINUTE_MS;
      const times = { startTimeMs, endTimeMs: startTimeMs + MINUTE_MS, durationMs: MINUTE_MS };
      recordingId = job.recordingId;
      store.put(jobKey(recordingId), job);
      store.put(partKey(recordingId, part, 'open'), { ...open, startTimeMs });
      store.put(partKey(recordingId, part, 'final'), { ...final, ...times });
      store.put(fragmentIndexKey(recordingId, part), {});
      store.put(partKey(recordingId, part, 'moved'), {
        ...{ part, bucket: 'library', key: `stream_records/${open.fileName}`, etag: '"e"', bytes: 4 },
        ...{ crc32: final.crc32, movedAtMs: startTimeMs + MINUTE_MS },
      });
    }
    store.put(outcomeKey(recordingId), {
      status: 'finished',
      reason: { code: 'stopped', message: 'stopped' },
      parts: PARTS,
      atMs: START_MS + PARTS * MINUTE_MS,
    });
    store.before = (operation) => {
      if (operation === 'read') read += 1;
    };
    day = (await readRecording(store, recordingId)) as RecordingObjects;
  });

  it('is read once by a warm function; then a listing and what has changed', async () => {
    expect(read).toBe(3 * PARTS + 2);
    read = 0;
    expect(await readRecording(store, recordingId)).toEqual(day);
    expect(read).toBe(0);
    const changed = partKey(recordingId, 700, 'moved');
    store.put(changed, { ...day.parts.get(700)?.moved, movedAtMs: 1 });
    store.objects.delete(partKey(recordingId, 701, 'moved'));
    const again = await readRecording(store, recordingId);
    expect(read).toBe(1);
    expect(again?.parts.get(700)?.moved?.movedAtMs).toBe(1);
    expect(again?.parts.get(701)?.moved).toBeUndefined();
  });

  it('fits into answers of Lambda, page by page, and nothing is left out', () => {
    const shown: unknown[] = [];
    for (let token: string | undefined, isLast = false; !isLast; ) {
      const page = partsPage(day, token);
      const links = new Map(page.parts.map((part) => [part, { download: LINK, play: LINK }]));
      const view = recordingView(day, links, { page });
      expect(bytesOf(view)).toBeLessThan(ANSWER_MAX_BYTES / 2);
      expect(view).toMatchObject({
        partCount: PARTS,
        timeline: { recordedMs: PARTS * MINUTE_MS, missingMs: 0 },
      });
      shown.push(...(view.parts as { part: number }[]).map(({ part }) => part));
      token = page.nextToken;
      isLast = token === undefined;
    }
    expect(shown).toEqual(Array.from({ length: PARTS }, (_, index) => index + 1));
    const story = recordingStory(day);
    const told: unknown[] = [];
    for (let token: string | undefined, isLast = false; !isLast; ) {
      const page = storyPage(story, token);
      expect(bytesOf(page)).toBeLessThan(ANSWER_MAX_BYTES / 2);
      told.push(...page.events);
      token = page.nextToken;
      isLast = token === undefined;
    }
    expect(told).toEqual(story);
    expect(story.length).toBeGreaterThan(3 * PARTS);
  });

  it('is played, cut and joined as one', () => {
    const playable = playableOf(day);
    expect(playable?.reason).toBeUndefined();
    expect(playable?.parts.length).toBe(PARTS);
    const whole = joinSpan(day);
    expect(whole).toEqual({ fromMs: 0, toMs: PARTS * MINUTE_MS });
    expect(piecesOf(placedParts(day), whole).length).toBe(PARTS);
    const cut = clipSpan(day, { from: 999.5 * MINUTE_MS, to: 1_000.5 * MINUTE_MS }, 0);
    expect(piecesOf(placedParts(day), cut).map(({ part }) => part.open.part)).toEqual([1_000, 1_001]);
  });
});
