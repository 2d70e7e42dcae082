import { expect, it } from 'vitest';
import type { StreamSink } from '../../../../container/source/demuxer.ts';
import { SinkClosedError } from '../../../../container/source/hls/sink.ts';
import { FlvDemuxer } from '../../../../container/source/live/flvDemuxer.ts';
import type { FoundSource } from '../../../../functions/core/settings/selectTracks.ts';
import { AUDIO, FLV_HEADER, VIDEO, writeFlv } from '../../../support/flvTags.ts';
import { ManualTimers } from '../../../support/manualTimers.ts';

const AVC = '17000000000142c00bffe100176742c00bda0a36c044000003000400000300c83c50aa8001000468ce0fc8';
const BEGINNING = Buffer.concat([
  FLV_HEADER,
  writeFlv([{ kind: VIDEO, atMs: 0, body: Buffer.from(AVC, 'hex') }]),
]);
const SOUND = writeFlv([{ kind: AUDIO, atMs: 0, body: Buffer.from('af001210', 'hex') }]);
const PICTURE = writeFlv([{ kind: VIDEO, atMs: 0, body: Buffer.from('1701000000000000026588', 'hex') }]);
const MP3 = writeFlv([{ kind: AUDIO, atMs: 0, body: Buffer.of(0x2f, 0xff, 0xfb) }]);

/** A demuxer, and what gives it its stream. */
function demuxing(timers?: ManualTimers) {
  const ended = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<StreamSink>();
  const found: FoundSource[] = [];
  const feed = (sink: StreamSink): Promise<void> => {
    begun.resolve(sink);
    return ended.promise;
  };
  const demuxer = new FlvDemuxer(feed, (one) => found.push(one), timers);
  return { demuxer, sink: begun.promise, found, end: ended.resolve, fail: ended.reject };
}

function chunksOf(demuxer: FlvDemuxer): Buffer[] {
  const chunks: Buffer[] = [];
  for (let { chunk } = demuxer; chunk !== undefined; chunk = demuxer.chunk) {
    chunks.push(Buffer.from(chunk));
    demuxer.next();
  }
  return chunks;
}

it('it gives nothing until it is known what comes, and then all of it, whatever its memory was used for since', async () => {
  const { demuxer, sink, found } = demuxing();
  const write = async (bytes: Buffer): Promise<void> => (await sink).write(bytes);
  for (const bytes of [BEGINNING, SOUND]) {
    const memory = Buffer.from(bytes);
    await write(memory);
    memory.fill(0xee);
    expect(chunksOf(demuxer)).toEqual([]);
  }
  await write(Buffer.from(PICTURE));
  expect(found[0]?.streams.map(({ codec }) => codec)).toEqual(['h264', 'aac']);
  expect(chunksOf(demuxer)).toEqual([BEGINNING, SOUND, PICTURE]);
});

it('a piece is done with when it was taken, and not before', async () => {
  const { demuxer, sink } = demuxing();
  const write = async (bytes: Buffer): Promise<void> => (await sink).write(bytes);
  await write(Buffer.concat([BEGINNING, SOUND, PICTURE]));
  chunksOf(demuxer);
  let isDone = false;
  const written = write(PICTURE).then(() => {
    isDone = true;
  });
  await new Promise(setImmediate);
  expect(isDone).toBe(false);
  expect(chunksOf(demuxer)).toEqual([PICTURE]);
  await written;
});

it('what only ffmpeg can read is not given, and whoever gives it is told to go', async () => {
  const { demuxer, sink, found, end } = demuxing();
  const given = await sink;
  await given.write(Buffer.concat([BEGINNING, MP3]));
  expect(demuxer.needsFfmpeg).toBe(true);
  expect(given.gone.aborted).toBe(true);
  await expect(given.write(PICTURE)).rejects.toThrow(SinkClosedError);
  end();
  expect(await demuxer.exited).toBe(0);
  expect([demuxer.hasEnded, chunksOf(demuxer), found.length]).toEqual([true, [], 1]);
});

it('a stream that ends before it was known has what has come', async () => {
  const { demuxer, sink, end } = demuxing();
  await (await sink).write(Buffer.concat([BEGINNING, PICTURE]));
  end();
  await demuxer.exited;
  expect(demuxer.hasEnded).toBe(false);
  expect(chunksOf(demuxer)).toHaveLength(1);
  expect(demuxer.hasEnded).toBe(true);
});

it('one that is told to stop gives nothing more, and leaves nobody waiting', async () => {
  const { demuxer, sink } = demuxing();
  const given = await sink;
  await given.write(Buffer.concat([BEGINNING, SOUND, PICTURE]));
  const written = given.write(PICTURE);
  demuxer.stop();
  await expect(written).rejects.toThrow(SinkClosedError);
  expect([demuxer.hasEnded, chunksOf(demuxer)]).toEqual([true, []]);
});

it('one whose end is near is closed where nothing more is taken, and not while what had come still is', async () => {
  const timers = new ManualTimers();
  const { demuxer, sink } = demuxing(timers);
  const given = await sink;
  await given.write(Buffer.concat([BEGINNING, SOUND, PICTURE]));
  chunksOf(demuxer);
  demuxer.expectEnd();
  for (let piece = 0; piece < 4; piece++) {
    const written = given.write(PICTURE);
    timers.advance(1_500);
    expect(chunksOf(demuxer)).toEqual([PICTURE]);
    await written;
  }
  const late = given.write(PICTURE);
  timers.advance(4_000);
  await expect(late).rejects.toThrow(SinkClosedError);
  expect(demuxer.hasEnded).toBe(true);
});

it('what its feed fails of ends it with that', async () => {
  const { demuxer, fail } = demuxing();
  fail(new Error('the disk is full'));
  await expect(demuxer.exited).rejects.toThrow('the disk is full');
  expect(demuxer.hasEnded).toBe(true);
});
