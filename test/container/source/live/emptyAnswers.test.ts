import { beforeAll, expect, it } from 'vitest';
import type { Listener } from '../../../streams/feed.ts';
import { startHttpServer } from '../../../streams/httpServer.ts';
import { beepingFlv } from '../../../support/beepingFlv.ts';
import { waitFor } from '../../../support/children.ts';
import type { FlvTag } from '../../../support/flvTags.ts';
import { benchForTests, folderForTests } from '../../../support/forTests.ts';
import { framesOf } from '../../../support/generated/shown.ts';
import { sentTag } from '../../../support/sentTags.ts';
import { describeWith } from '../../../support/tools.ts';

const SECONDS = 4;
const RATES_HZ = [44_100, 48_000];

/** Sends the first stream, closes the next connection without a byte, and then sends the second one, whose sound is another: ffmpeg begins again with it. */
class Publisher {
  readonly #streams: readonly (readonly FlvTag[])[];
  connections = 0;

  constructor([first, second]: readonly (readonly FlvTag[])[]) {
    this.#streams = [first ?? [], [], second ?? []];
  }

  async serve(listener: Listener): Promise<void> {
    const tags = this.#streams[this.connections];
    this.connections += 1;
    if (tags === undefined) {
      listener.refuse();
      return;
    }
    listener.begin([], undefined);
    for (const tag of tags) listener.write(sentTag(tag));
    listener.end();
  }
}

describeWith(['ffmpeg'], 'a server that closes a connection without a byte', () => {
  const folder = folderForTests();
  const bench = benchForTests();

  let streams: FlvTag[][];

  beforeAll(() => {
    streams = RATES_HZ.map((rateHz) =>
      beepingFlv(folder, `${rateHz}.flv`, {
        seconds: SECONDS,
        rateHz,
        filter: rateHz === 48_000 ? 'negate' : 'null',
      }),
    );
  });

  it('is the same live source when it sends again', async () => {
    const publisher = new Publisher(streams);
    const server = await startHttpServer(publisher, 'ts');
    const recordingId = await bench.createJob(server.url, { reconnectWindowMs: 60_000 });
    const { stop, reason } = bench.run(recordingId);
    // Whoever comes a fourth time finds it gone.
    await waitFor('the second stream to be over', () => publisher.connections > 3 || undefined);
    stop.ask('stopped');
    await reason;
    await server.close();
    const { parts } = await bench.objects(recordingId);
    const shown: string[] = [];
    for (const { final } of parts.values()) {
      const file = folder.write(`${recordingId}.mp4`, await bench.object(final?.key ?? ''));
      shown.push(...(await framesOf(file)).map(({ hash }) => hash));
    }
    const made = await Promise.all(RATES_HZ.map((rateHz) => framesOf(folder.file(`${rateHz}.flv`))));
    expect(shown).toEqual(made.flat().map(({ hash }) => hash));
  });
});
