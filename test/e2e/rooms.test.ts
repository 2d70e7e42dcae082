import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Child, waitFor } from '../support/children.ts';
import { publishCounter, readCounters } from '../support/counterStream.ts';
import { LocalRecorder, type Recorded } from '../support/localRecorder.ts';
import { describeWith } from '../support/tools.ts';

const FPS = 25;
const GOP_MS = 1_000;

interface Room {
  readonly endTime?: string;
  readonly recordings: readonly {
    readonly mediaSessionId: string;
    readonly parts: readonly { readonly offsetMs: number; readonly durationMs?: number }[];
  }[];
}

describeWith(['ffmpeg'], 'a room', () => {
  let recorder: LocalRecorder;
  let publisher: Child;

  beforeAll(async () => {
    recorder = await LocalRecorder.start();
    publisher = publishCounter(`${recorder.runtime.rtmpUrl}/live/clock`, { fps: FPS, keyframeEvery: FPS });
    await waitFor('the stream', async () => {
      const { status } = await recorder.call('GET', '/streams/clock');
      return status === 200 || undefined;
    });
  });
  afterAll(async () => {
    await publisher.stop();
    await recorder.close();
  });

  async function join(mediaSessionId: string): Promise<string> {
    await recorder.ask('PUT', `/streams/${mediaSessionId}`, {
      name: mediaSessionId,
      sourceUrl: `${recorder.runtime.rtmpUrl}/live/clock`,
      room: 'hall',
    });
    const recordingId = await recorder.startRecording(mediaSessionId, { rotation: 1 });
    await recorder.reaches(recordingId, 'recording');
    return recordingId;
  }
  const leave = async (mediaSessionId: string, recordingId: string): Promise<Recorded> => {
    await recorder.stopRecording(mediaSessionId);
    return recorder.reaches(recordingId, 'available');
  };

  it('has who comes, leaves and returns on one timeline, each in one file, as a clock in the picture shows', async () => {
    const alice = await join('alice');
    await delay(2_000);
    const bob = await join('bob');
    await delay(1_500);
    const first = await leave('alice', alice);
    const running = (await recorder.ask('GET', '/rooms/hall')) as unknown as Room;
    expect(running).not.toHaveProperty('endTime');
    const again = await join('alice');
    await delay(1_500);
    const records = [first, await leave('bob', bob), await leave('alice', again)];

    const room = (await recorder.ask('GET', '/rooms/hall')) as unknown as Room;
    expect(room.recordings.map(({ mediaSessionId }) => mediaSessionId)).toEqual(['alice', 'bob', 'alice']);
    expect(room.endTime).toBeDefined();
    const clocks = await Promise.all(
      records.map(async (record) => (await readCounters(await recorder.download(record)))[0] ?? 0),
    );
    for (const [index, { parts }] of room.recordings.entries()) {
      expect(parts).toHaveLength(1);
      const shownMs = (((clocks[index] ?? 0) - (clocks[0] ?? 0)) * 1000) / FPS;
      // A media server may begin with the keyframe that it has kept: at most one group of pictures old.
      expect(Math.abs((parts[0]?.offsetMs ?? Number.NaN) - shownMs)).toBeLessThan(GOP_MS + 500);
    }
  }, 240_000);
});
