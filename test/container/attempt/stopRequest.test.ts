import { Logger } from '@aws-lambda-powertools/logger';
import { describe, expect, it } from 'vitest';
import {
  lastCommand,
  readControl,
  StopRequest,
  stopCauseAfterSigterm,
  Watch,
} from '../../../container/attempt/stopRequest.ts';
import type { StateStore } from '../../../functions/aws/stateStore.ts';
import { rotateRecording } from '../../../functions/core/protocol/rotate.ts';
import { DEFAULT_SETTINGS } from '../../../functions/core/settings/settings.ts';
import { jobKey, stopKey } from '../../../functions/core/state/keys.ts';
import type { Job } from '../../../functions/core/state/objects.ts';
import { ManualTimers } from '../../support/manualTimers.ts';
import { ManualClock, MemoryStore } from '../../support/memoryStore.ts';

const recordingId = '01KAVYBT0000000000000000AA';
const log = new Logger({ logLevel: 'SILENT' });
const job: Job = {
  recordingId,
  mediaSessionId: 'm1',
  requestedAtMs: 0,
  requestId: 'r',
  source: { url: 'rtmp://h/a/b' },
  stream: { name: 's' },
  settings: DEFAULT_SETTINGS,
};

function begin() {
  const store = new MemoryStore();
  store.put(jobKey(recordingId), job);
  const rotate = () => rotateRecording({ store, clock: new ManualClock() }, recordingId);
  return { store, asState: store as unknown as StateStore, rotate };
}

describe('a rotation', () => {
  async function watch({ asState }: ReturnType<typeof begin>) {
    let rotations = 0;
    const stop = new StopRequest();
    const onRotate = (): void => {
      rotations += 1;
    };
    const lastSequence = lastCommand(await readControl(asState, recordingId));
    const watching = new Watch({
      store: asState,
      log,
      recordingId,
      stop,
      lastSequence,
      onRotate,
      onWatched: () => undefined,
    });
    return { stop, looks: () => watching.look(), rotations: () => rotations };
  }

  it('that was asked before the first look is obeyed by it', async () => {
    const state = begin();
    const { looks, rotations } = await watch(state);
    await state.rotate();
    await looks();
    expect(rotations()).toBe(1);
    for (let look = 0; look < 4; look++) await looks();
    expect(rotations()).toBe(1);
  });

  it('that was asked of an earlier attempt is not one of this', async () => {
    const state = begin();
    await state.rotate();
    const { looks, rotations } = await watch(state);
    await looks();
    expect(rotations()).toBe(0);
    await state.rotate();
    await looks();
    await looks();
    expect(rotations()).toBe(1);
  });
});

describe('SIGTERM', () => {
  it.each([
    ['is a stop where one was asked', true, 'stopped'],
    ['alone is an interruption', false, 'interrupted'],
  ])('%s', async (_what, isAsked, cause) => {
    const { store, asState } = begin();
    if (isAsked) store.put(stopKey(recordingId), { requestedAtMs: 1, by: 'r', reason: 'x' });
    const timers = new ManualTimers();
    expect(await stopCauseAfterSigterm(asState, recordingId, timers)).toBe(cause);
    expect(timers.pending).toBe(0);
  });

  it('is an interruption where S3 does not say in time whether a stop was asked', async () => {
    const timers = new ManualTimers();
    const away = { read: () => new Promise(() => undefined) } as unknown as StateStore;
    const cause = stopCauseAfterSigterm(away, recordingId, timers);
    timers.advance(10_000);
    expect(await cause).toBe('interrupted');
  });
});
