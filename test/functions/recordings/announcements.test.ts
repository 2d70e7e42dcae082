import { beforeEach, expect, it } from 'vitest';
import { EVENT_TYPES, eventId } from '../../../functions/core/events/published.ts';
import { DEFAULT_SETTINGS } from '../../../functions/core/settings/settings.ts';
import { announcedKey, jobKey } from '../../../functions/core/state/keys.ts';
import type { Job } from '../../../functions/core/state/objects.ts';
import type { OpenPart } from '../../../functions/core/state/partObjects.ts';
import { announceStart } from '../../../functions/recordings/announcements.ts';
import { ManualClock, MemoryStore } from '../../support/memoryStore.ts';

const ID = '01K00000000000000000000001';
const NOTE = announcedKey(ID, eventId(EVENT_TYPES.recordingStarted, ID));
const job: Job = {
  recordingId: ID,
  mediaSessionId: 'm1',
  requestedAtMs: 1,
  requestId: 'r',
  source: { url: 'rtmp://media.example/live/m1' },
  stream: { name: 'camera' },
  settings: DEFAULT_SETTINGS,
};
const open: OpenPart = {
  ...{ part: 1, attempt: 1, file: 1, format: 'mp4', startTimeMs: 1, openedAtMs: 1, tracks: [] },
  ...{ key: `records/${ID}/1/camera.mp4`, uploadId: 'u', fileName: 'camera.mp4' },
};

let store: MemoryStore;
let published: string[];
let read: string[];
beforeEach(() => {
  store = new MemoryStore();
  store.put(jobKey(ID), job);
  published = [];
  read = [];
  store.before = (operation, key) => void (operation === 'read' && read.push(key));
});

const announce = (isNew?: boolean): Promise<void> =>
  announceStart(
    { store, clock: new ManualClock(), bus: { publish: async (type) => void published.push(type) } },
    job,
    open,
    isNew,
  );

it('a fact is announced once, whoever comes to it', async () => {
  await announce();
  await announce();
  expect(published).toEqual(['Recording Started']);
  expect(read).toEqual([NOTE, jobKey(ID), NOTE]);
});

it('what is so since a moment ago is announced without looking whether somebody has done so', async () => {
  await announce(true);
  expect(read).toEqual([jobKey(ID)]);
  await announce();
  expect(published).toEqual(['Recording Started']);
});
