import { describe, expect, it } from 'vitest';
import { LiveSource } from '../../../../container/source/live/liveSource.ts';
import { FLV_HEADER, type FlvTag, writeFlv } from '../../../support/flvTags.ts';

const VIDEO = 9;
const CONFIGURATION: FlvTag = { kind: VIDEO, atMs: 0, body: Buffer.from([0x17, 0, 0, 0, 0, 1]) };
const PICTURE: FlvTag = { kind: VIDEO, atMs: 700, body: Buffer.from([0x17, 1, 0, 0, 0, 0, 0, 0]) };
const HEAD = Buffer.concat([FLV_HEADER, writeFlv([CONFIGURATION])]);

/** A source that sends this; each piece comes a second later. */
function opened(pieces: readonly Buffer[]) {
  let nowMs = 0;
  const read = Promise.withResolvers<void>();
  async function* body(): AsyncGenerator<Buffer, void, undefined> {
    for (const piece of pieces) {
      yield piece;
      nowMs += 1_000;
    }
    read.resolve();
  }
  const source = new LiveSource(
    'flv',
    body(),
    { nowMs: () => nowMs, awakeMs: () => nowMs },
    { gone: new AbortController() },
  );
  return { source, read: read.promise };
}

describe('LiveSource', () => {
  it('tells when the first sample came, before anybody reads it, and not what was sent in front of it', async () => {
    const { source } = opened([HEAD, writeFlv([PICTURE]), writeFlv([PICTURE])]);
    await expect.poll(() => source.firstAtMs).toBe(1_000);
    await source.close();
  });

  it('tells it of a source that sends all at once', async () => {
    const { source } = opened([Buffer.concat([HEAD, writeFlv([PICTURE])])]);
    await expect.poll(() => source.firstAtMs).toBe(0);
    await source.close();
  });

  it('tells nothing of a source that ends before it has one', async () => {
    const { source, read } = opened([HEAD]);
    await read;
    expect(source.firstAtMs).toBeUndefined();
    await source.close();
  });
});
