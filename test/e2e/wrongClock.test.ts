import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { retireHost } from '../../functions/aws/hosts.ts';
import { StateStore } from '../../functions/aws/stateStore.ts';
import { attemptKey } from '../../functions/core/state/keys.ts';
import { type Claim, claimSchema, endSchema } from '../../functions/core/state/objects.ts';
import { LANDING } from '../../infra/local/place.ts';
import { type Child, waitFor } from '../support/children.ts';
import { publishCounter, readRecord } from '../support/counterStream.ts';
import { LocalRecorder } from '../support/localRecorder.ts';
import { describeWith } from '../support/tools.ts';

const CLOCK = path.join(import.meta.dirname, '..', 'support', 'wrongClock.ts');
const LOG_LINE = "this machine's clock is wrong: S3's time is taken";
/** S3 tells whole seconds; both of two clocks are as far off as that. */
const OFF_MAX_MS = 4_000;

describeWith(['ffmpeg'], 'hosts whose clocks are wrong, one by an hour ahead, one by an hour behind', () => {
  let recorder: LocalRecorder;
  let store: StateStore;
  let publisher: Child;
  const wrongBy = new Set<number>();

  beforeAll(async () => {
    recorder = await LocalRecorder.start(() => ({
      hosts: 2,
      recorderArguments: ['--import', CLOCK],
      onLog: (source, line) => {
        if (source !== 'recorder' || !line.includes(LOG_LINE)) return;
        wrongBy.add(Math.round((JSON.parse(line) as { wrongByMs: number }).wrongByMs / 60_000));
      },
    }));
    const { s3Url: endpoint, credentials, region } = recorder.runtime;
    store = new StateStore(new S3Client({ endpoint, region, credentials, forcePathStyle: true }), LANDING);
    await waitFor('two hosts that have noticed', () => (wrongBy.size === 2 ? true : undefined));
  });
  afterAll(async () => {
    await publisher.stop();
    await recorder?.close();
  });

  const claimOf = async (recordingId: string, attempt: number): Promise<Claim | undefined> =>
    (await store.read(attemptKey(recordingId, attempt, 'claim'), claimSchema))?.value;

  it('record, hand over and end a stream as others do, and say when it was', async () => {
    publisher = publishCounter(`${recorder.runtime.rtmpUrl}/live/clock`);
    await waitFor('the stream', async () => {
      const { status, body } = await recorder.call('GET', '/streams/clock');
      return status === 200 && body.status === 'PUBLISHING' ? true : undefined;
    });
    const beganAtMs = Date.now();
    const recordingId = await recorder.startRecording('clock');
    await recorder.reaches(recordingId, 'recording');
    const first = await claimOf(recordingId, 1);
    await retireHost(store, first?.hostId ?? '');
    const next = await waitFor('the next attempt', () => claimOf(recordingId, 2));
    expect(next.hostId).not.toBe(first?.hostId);
    const end = await waitFor('the end of the first', () =>
      store.read(attemptKey(recordingId, 1, 'end'), endSchema),
    );
    const endedAtMs = Date.now();
    await delay(1_000);
    // The source ends: nobody waits for an attempt that is over.
    await publisher.stop();
    const { parts, reason } = await recorder.reaches(recordingId, 'available');
    expect(reason?.code).toBe('source_ended');
    const frames = new Set<number>();
    for (const { part } of parts) {
      const file = await recorder.download(await recorder.recording(recordingId), part);
      for (const counter of (await readRecord(file)).counters) frames.add(counter);
    }
    expect(frames.size).toBe(Math.max(...frames) - Math.min(...frames) + 1);
    const said = [
      first?.claimedAtMs,
      next.claimedAtMs,
      ...parts.map(({ startTime }) => Date.parse(startTime)),
    ];
    for (const atMs of said) {
      expect(atMs).toBeGreaterThan(beganAtMs - OFF_MAX_MS);
      expect(atMs).toBeLessThan(endedAtMs + OFF_MAX_MS);
    }
    expect(end.value.reason.code).toBe('handed_over');
    expect(end.value.overlapMs).toBeLessThan(endedAtMs - beganAtMs + OFF_MAX_MS);
    expect([...wrongBy].toSorted((a, b) => a - b)).toEqual([-60, 60]);
  }, 180_000);
});
