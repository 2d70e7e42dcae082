import { beforeAll, expect, it } from 'vitest';
import type { Listener } from '../../../streams/feed.ts';
import { startHttpServer } from '../../../streams/httpServer.ts';
import { startRtmpServer } from '../../../streams/rtmpServer.ts';
import { BEEPING_FPS, beepingFlv } from '../../../support/beepingFlv.ts';
import { AUDIO, type FlvTag } from '../../../support/flvTags.ts';
import { benchForTests, folderForTests } from '../../../support/forTests.ts';
import { BEEP_EVERY_MS } from '../../../support/generated/beeps.ts';
import { beepsIn, framesOf } from '../../../support/generated/shown.ts';
import { sendInTime } from '../../../support/sentTags.ts';
import { describeWith } from '../../../support/tools.ts';

const SECONDS = 3;
/** From then on all comes at once: by then a source is read four times in a second, or in three. */
const BURST_FROM_MS = 2_000;
/** Pictures are waited for for longer. */
const LOOKED_AT_MS = 2_500;

/** Sends all it has, says so, and neither ends nor goes on. */
class Publisher {
  readonly #tags: readonly FlvTag[];
  readonly #sent = Promise.withResolvers<void>();

  constructor(tags: readonly FlvTag[]) {
    this.#tags = tags;
  }

  get sent(): Promise<void> {
    return this.#sent.promise;
  }

  async serve(listener: Listener): Promise<void> {
    listener.begin([], undefined);
    await sendInTime(listener, this.#tags, ({ atMs }) => Math.min(atMs, BURST_FROM_MS));
    this.#sent.resolve();
  }
}

describeWith(['ffmpeg'], 'a live stream whose recording is stopped', () => {
  const folder = folderForTests();
  const bench = benchForTests();
  let tags: FlvTag[];

  beforeAll(() => {
    tags = beepingFlv(folder, 'both.flv', { seconds: SECONDS });
  });

  /** Stopped when all of it has come. @returns the record, of one part */
  async function recordOf(sent: readonly FlvTag[], format: 'rtmp' | 'flv' | 'ts'): Promise<string> {
    const publisher = new Publisher(sent);
    const server = await (format === 'rtmp'
      ? startRtmpServer(publisher)
      : startHttpServer(publisher, format));
    const recordingId = await bench.createJob(server.url);
    const { stop, reason } = bench.run(recordingId);
    await publisher.sent;
    stop.ask('stopped');
    expect((await reason).code).toBe('stopped');
    await server.close();
    const { parts } = await bench.objects(recordingId);
    const [final, ...others] = [...parts.values()].flatMap(({ final }) => final ?? []);
    expect(others).toEqual([]);
    return folder.write(`${recordingId}.mp4`, await bench.object(final?.key ?? ''));
  }

  it.each(['rtmp', 'flv', 'ts'] as const)('is recorded as far as it had come: %s', async (format) => {
    const file = await recordOf(tags, format);
    const frames = (await framesOf(file)).map(({ hash }) => hash);
    const made = (await framesOf(folder.file('both.flv'))).map(({ hash }) => hash);
    expect(made).toHaveLength(SECONDS * BEEPING_FPS);
    expect(frames).toEqual(made);
    expect(await beepsIn(file)).toHaveLength((SECONDS * 1_000) / BEEP_EVERY_MS);
  });

  it.each(['rtmp', 'flv'] as const)(
    'is recorded also where it is still looked at, and only ffmpeg can record it: sound to be encoded, %s',
    async (format) => {
      const other = beepingFlv(folder, 'other.flv', { seconds: SECONDS, rateHz: 48_000 });
      const sound = other.filter(({ kind, atMs }) => kind === AUDIO && atMs < LOOKED_AT_MS);
      const beeps = await beepsIn(await recordOf(sound, format));
      expect(beeps).toHaveLength(LOOKED_AT_MS / BEEP_EVERY_MS);
    },
  );
});
