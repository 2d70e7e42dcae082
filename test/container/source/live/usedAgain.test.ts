import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { expect, it } from 'vitest';
import type { Feed } from '../../../../container/source/hls/handover.ts';
import { LiveSource } from '../../../../container/source/live/liveSource.ts';
import { FLV_HEADER, type FlvTag, writeFlv } from '../../../support/flvTags.ts';

const [AUDIO, VIDEO, SCRIPT] = [8, 9, 18];
const SAMPLES = 200;
/** The camera begins so late that its sound is not followed in the run that had pictures alone. */
const LATE_MS = 4_000;

const metadata: FlvTag = { kind: SCRIPT, atMs: 0, body: Buffer.from('\u0002\u0000\u000aonMetaData') };
const picturesBegin: FlvTag = { kind: VIDEO, atMs: 0, body: Buffer.from([0x17, 0, 0, 0, 0, 1]) };
const soundBegins: FlvTag = { kind: AUDIO, atMs: LATE_MS, body: Buffer.from([0xaf, 0, 0x12, 0x10]) };
const picture = (i: number): FlvTag => ({
  kind: VIDEO,
  atMs: 40 * i,
  body: Buffer.from([i % 25 === 0 ? 0x17 : 0x27, 1, 0, 0, 0, i, i, i]),
});
const sound = (i: number): FlvTag => ({ kind: AUDIO, atMs: 40 * i, body: Buffer.from([0xaf, 1, i, i]) });

/** What a source sends, piece after piece. */
const PIECES = [
  [metadata, picturesBegin],
  ...Array.from({ length: SAMPLES }, (_, i) => [
    picture(i),
    ...(40 * i === LATE_MS ? [soundBegins] : []),
    ...(40 * i >= LATE_MS ? [sound(i)] : []),
  ]),
].map((tags, i) => Buffer.concat([i === 0 ? FLV_HEADER : Buffer.alloc(0), writeFlv(tags)]));

/** All runs of a live source, each as a demuxer gets it. @param giveBack told of what nobody needs any more */
async function runs(giveBack: (chunk: Buffer) => void): Promise<readonly Buffer[]> {
  let isBack = Promise.withResolvers<void>();
  async function* body(): AsyncGenerator<Buffer, void, undefined> {
    for (const piece of PIECES) {
      isBack = Promise.withResolvers();
      yield Buffer.from(piece);
      await isBack.promise;
    }
  }
  const ends = {
    gone: new AbortController(),
    giveBack: (chunk: Buffer) => {
      giveBack(chunk);
      isBack.resolve();
    },
  };
  const source = new LiveSource('flv', body(), { nowMs: () => 0, awakeMs: () => 0 }, ends);
  const all: Buffer[] = [];
  for (let goesOn = true; goesOn; ) {
    let feed: Feed | undefined;
    const offer = (offered: Feed): string => {
      feed = offered;
      return 'http://127.0.0.1/live';
    };
    source.begin({ offer });
    const taken: Buffer[] = [];
    // Of a socket no more is used. It looks at what it is given in the next turn of the event loop, as one that is full does.
    const reader = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        setImmediate(() => {
          taken.push(Buffer.from(chunk));
          done();
        });
      },
    });
    await feed?.(reader as unknown as Socket);
    await finished(reader.end());
    all.push(Buffer.concat(taken));
    goesOn = await source.endRun(true);
  }
  await source.close();
  return all;
}

it('a source gives back what came, once nobody needs it: it is handed on as it was sent, over runs', async () => {
  const expected = await runs(() => undefined);
  expect(expected).toHaveLength(2);
  let givenBack = 0;
  const used = await runs((chunk) => {
    givenBack += 1;
    chunk.fill(0xee);
  });
  expect(used).toEqual(expected);
  expect(givenBack).toBe(PIECES.length);
});
