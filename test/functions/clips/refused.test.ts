import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MessageQueue } from '../../../functions/aws/queues.ts';
import { StateStore } from '../../../functions/aws/stateStore.ts';
import { askForClip } from '../../../functions/clips/asking.ts';
import { clipMarkerKey, clipsPrefix } from '../../../functions/core/clips/keys.ts';
import { EVENT_SCHEMAS, EVENT_TYPES } from '../../../functions/core/events/published.ts';
import { partKey } from '../../../functions/core/state/keys.ts';
import type { Job } from '../../../functions/core/state/objects.ts';
import { readRecording } from '../../../functions/recordings/read.ts';
import { MoveBench } from '../relocation/bench.ts';
import { landedPart } from '../relocation/landed.ts';
import { makeClip } from './making.ts';
import { keepRecording, START_MS } from './recording.ts';

let bench: MoveBench;
beforeAll(async () => {
  bench = await MoveBench.start();
});
afterAll(() => bench.close());

/** Its part is 10 s long, and the source was away from 4 to 7 s of it. */
async function withGap(): Promise<Job> {
  const job = await keepRecording(bench, []);
  const gaps = [{ atMs: 4_000, durationMs: 3_000 }];
  const { open, final } = landedPart(Buffer.from('media'), 1, {
    final: { durationMs: 10_000, endTimeMs: START_MS + 11_000, gaps },
  });
  await bench.store.create(partKey(job.recordingId, 1, 'open'), open);
  await bench.store.create(partKey(job.recordingId, 1, 'final'), final);
  return job;
}

describe('a clip that cannot be', () => {
  it.each([
    ['without parts', () => keepRecording(bench, []), { code: 'clip_not_possible', field: 'recordingId' }],
    ['inside a gap', withGap, { code: 'invalid_request', field: 'from' }],
  ])('is refused, and nothing is noted of it or sent: %s', async (_what, recorded, refusal) => {
    const { recordingId } = await recorded();
    const objects = await readRecording(bench.store, recordingId);
    if (objects === undefined) throw new Error('there is no recording');
    const sent: object[] = [];
    const queue = { send: async (message: object) => void sent.push(message) } as unknown as MessageQueue;
    const by = { requestId: 'q', nowMs: START_MS + 60_000, random: Buffer.alloc(16, 7) };
    const s3 = bench.client('clips');
    const ports = { s3, store: new StateStore(s3, bench.store.bucket), queue };
    await expect(askForClip(ports, objects, { from: 4_500, to: 6_500 }, by)).rejects.toMatchObject(refusal);
    expect(sent).toEqual([]);
    expect(await bench.store.list(clipsPrefix(recordingId))).toEqual([]);
  });

  it('fails, and says why, where it was asked for while all went on, and nothing was saved', async () => {
    const job = await keepRecording(bench, []);
    const clip = await makeClip(bench, job, { fromMs: 0, toMs: 1_000 });
    expect(clip).toMatchObject({ status: 'failed', reason: { code: 'nothing_shown' } });
    const told = bench.events.filter((event) => event['detail-type'] === EVENT_TYPES.clipFailed);
    expect(told.map(({ detail }) => EVENT_SCHEMAS[EVENT_TYPES.clipFailed].parse(detail))).toMatchObject([
      { clipId: clip.clipId, recordingId: job.recordingId },
    ]);
    expect(await bench.store.list(clipMarkerKey(job.recordingId, clip.clipId))).toEqual([]);
    expect(await bench.openUploads()).toBe(0);
  });
});
