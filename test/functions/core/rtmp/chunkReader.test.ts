import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChunkReader } from '../../../../functions/core/rtmp/chunkReader.ts';
import { RtmpError } from '../../../../functions/core/rtmp/errors.ts';
import { chunked, KIND, type RtmpMessage } from '../../../../functions/core/rtmp/messages.ts';
import { ChunkSender, inPieces, type SentMessage } from '../../../support/rtmpChunks.ts';

const kinds = [KIND.audio, KIND.video, KIND.data, KIND.command, KIND.userControl, 99];
const times = fc.oneof(
  fc.nat(10_000),
  fc.integer({ min: 0xfffff0, max: 0x1000010 }),
  fc.integer({ min: 0, max: 0xffffffff }),
);
const message: fc.Arbitrary<RtmpMessage> = fc.record({
  kind: fc.constantFrom(...kinds),
  atMs: times,
  streamId: fc.constantFrom(0, 1, 0xffffffff),
  body: fc.uint8Array({ maxLength: 700 }).map((bytes) => Buffer.from(bytes)),
});
/** Messages that are sent in turns, each on a chunk stream of its own. */
const turn = fc.uniqueArray(
  fc.record({
    message,
    chunkStream: fc.constantFrom(3, 4, 63, 64, 319, 320, 65_599),
    isShort: fc.boolean(),
  }),
  { selector: ({ chunkStream }) => chunkStream, minLength: 1, maxLength: 4 },
);
const turns = fc.array(fc.record({ sent: turn, chunkBytes: fc.option(fc.integer({ min: 1, max: 1_000 })) }), {
  maxLength: 6,
});
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });

function readAll(reader: ChunkReader, pieces: readonly Buffer[]): RtmpMessage[] {
  const messages: RtmpMessage[] = [];
  for (const piece of pieces) {
    for (const { body, ...rest } of reader.read(piece)) messages.push({ ...rest, body: Buffer.from(body) });
  }
  return messages;
}

/** In the order in which they end, whose chunks are sent in turns. */
const byEnd = (sent: readonly SentMessage[], chunkBytes: number): RtmpMessage[] =>
  sent
    .map(({ message: one }, place) => ({
      one,
      place,
      chunks: Math.max(1, Math.ceil(one.body.length / chunkBytes)),
    }))
    .sort((a, b) => a.chunks - b.chunks || a.place - b.place)
    .map(({ one }) => one);

describe('chunks of RTMP', () => {
  it('become the messages that were sent, however they are cut, and with whatever headers', () => {
    fc.assert(
      fc.property(turns, cuts, (all, places) => {
        const sender = new ChunkSender();
        let chunkBytes = 128;
        const expected: RtmpMessage[] = [];
        const bytes = all.map(({ sent, chunkBytes: next }) => {
          const said = next === null ? Buffer.alloc(0) : sender.setChunkSize(next);
          chunkBytes = next ?? chunkBytes;
          expected.push(...byEnd(sent, chunkBytes));
          return Buffer.concat([said, sender.inTurns(sent)]);
        });
        const got = readAll(new ChunkReader(), inPieces(Buffer.concat(bytes), places));
        expect(got).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  it('of the recorder itself are read as they were meant', () => {
    fc.assert(
      fc.property(message, (sent) => {
        expect(readAll(new ChunkReader(), [chunked(8, sent)])).toEqual([sent]);
      }),
    );
  });

  it('whose long times some servers say once, and not in each chunk, are read as well', () => {
    const body = Buffer.alloc(1_000, 7);
    const sent = { kind: KIND.video, atMs: 0x2000000, streamId: 1, body };
    const chunks = new ChunkSender(false).chunks({ message: sent, chunkStream: 4, isShort: false });
    expect(readAll(new ChunkReader(), chunks)).toEqual([sent]);
  });

  it('with the time of the message, in place of the step, behind the first are read as well', () => {
    const sender = new ChunkSender(false);
    const first = { kind: KIND.video, atMs: 1_000, streamId: 1, body: Buffer.alloc(200, 1) };
    const second = { ...first, atMs: 1_000 + 0x2000000, body: Buffer.alloc(201, 2) };
    const send = (one: RtmpMessage) => sender.chunks({ message: one, chunkStream: 4, isShort: true });
    const [head = Buffer.alloc(0), rest = Buffer.alloc(0)] = [...send(first), ...send(second)].slice(2);
    const time = Buffer.alloc(4);
    time.writeUInt32BE(second.atMs);
    const asSent = Buffer.concat([head, rest.subarray(0, 1), time, rest.subarray(1)]);
    const reader = new ChunkReader();
    readAll(reader, new ChunkSender(false).chunks({ message: first, chunkStream: 4, isShort: false }));
    expect(readAll(reader, [asSent])).toEqual([second]);
  });

  it('are forgotten where the server gives their message up', () => {
    const sender = new ChunkSender();
    const lost = { kind: KIND.video, atMs: 5, streamId: 1, body: Buffer.alloc(300, 1) };
    const whole = { kind: KIND.video, atMs: 9, streamId: 1, body: Buffer.alloc(300, 2) };
    const [begun = Buffer.alloc(0)] = sender.chunks({ message: lost, chunkStream: 4, isShort: false });
    const abort = chunked(2, { kind: KIND.abort, atMs: 0, streamId: 0, body: Buffer.of(0, 0, 0, 4) });
    const next = sender.chunks({ message: whole, chunkStream: 4, isShort: false });
    expect(readAll(new ChunkReader(), [begun, abort, ...next])).toEqual([whole]);
  });

  it('whose headers are repeated within a message are read, and another message takes its place', () => {
    const body = Buffer.alloc(200, 3);
    const sent = { kind: KIND.video, atMs: 7, streamId: 1, body };
    const [first = Buffer.alloc(0)] = new ChunkSender().chunks({
      message: sent,
      chunkStream: 4,
      isShort: false,
    });
    const header = first.subarray(0, 12);
    const again = Buffer.concat([header, body.subarray(128)]);
    expect(readAll(new ChunkReader(), [first, again])).toEqual([sent]);
    const other = { ...sent, atMs: 8, body: Buffer.alloc(20, 4) };
    const chunks = new ChunkSender().chunks({ message: other, chunkStream: 4, isShort: false });
    expect(readAll(new ChunkReader(), [first, ...chunks])).toEqual([other]);
  });
});

describe('hostile chunks', () => {
  const header = (chunkStream: number, bytes: number): Buffer => {
    const body = Buffer.alloc(0);
    const head = Buffer.from(chunked(4, { kind: KIND.video, atMs: 0, streamId: 1, body }));
    head.writeUIntBE(bytes, 4, 3);
    const name = Buffer.alloc(3);
    name[0] = 1;
    name.writeUInt16LE(chunkStream - 64, 1);
    return Buffer.concat([name, head.subarray(1)]);
  };
  const read = (...pieces: readonly Buffer[]) => readAll(new ChunkReader(), pieces);

  it('that begin message after message of the largest length are refused before memory is gone', () => {
    const before = process.memoryUsage().arrayBuffers;
    const begun = Array.from({ length: 100 }, (_, i) =>
      Buffer.concat([header(100 + i, 0xffffff), Buffer.alloc(128)]),
    );
    expect(() => read(...begun)).toThrow(RtmpError);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
  });

  it('of ever more chunk streams are refused', () => {
    const begun = Array.from({ length: 2_000 }, (_, i) => header(64 + i, 0));
    expect(() => read(...begun)).toThrow(/chunk streams/);
  });

  it('of no bytes, or that refer to nothing, are refused', () => {
    const size = (body: Buffer) => chunked(2, { kind: KIND.setChunkSize, atMs: 0, streamId: 0, body });
    expect(() => read(size(Buffer.of(0, 0, 0, 0)))).toThrow(RtmpError);
    expect(() => read(size(Buffer.of(0x80, 0, 0, 0)))).toThrow(RtmpError);
    expect(() => read(size(Buffer.of(1)))).toThrow(RtmpError);
    expect(() => read(Buffer.of(0xc4))).toThrow(RtmpError);
  });

  it('of any bytes give messages or an error of their own, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), (pieces) => {
        try {
          read(...pieces.map((piece) => Buffer.from(piece)));
        } catch (error) {
          expect(error).toBeInstanceOf(RtmpError);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
