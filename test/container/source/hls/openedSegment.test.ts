import { expect, it } from 'vitest';
import { SegmentOpener } from '../../../../container/source/hls/openedSegment.ts';
import type { SegmentOptions } from '../../../../container/source/hls/segmentBytes.ts';
import type { MediaSegment } from '../../../../functions/core/hls/playlist.ts';
import { PacketWriter } from '../../../../functions/core/media/mpegts/packetWriter.ts';
import { associationTable, mapTable } from '../../../../functions/core/media/mpegts/tableWriter.ts';

const MAP_PID = 0x1000;
const PICTURES = 0x100;
const H264 = Buffer.from('00000001091000000001674d001e', 'hex');
const SEGMENT = { uri: 'a.ts', sequence: 1n, durationMs: 1_000 } as MediaSegment;

/** @param codec what its map calls its pictures, which are H.264 */
function segment(codec: string): Buffer {
  const writer = new PacketWriter();
  writer.table(0, associationTable(MAP_PID));
  writer.table(MAP_PID, mapTable([{ pid: PICTURES, info: { kind: 'video', codec } }], PICTURES));
  const times = { ptsTicks: 90_000, dtsTicks: 90_000, randomAccess: true, hasClock: false };
  for (let count = 0; count < 4; count++)
    writer.pes({
      pid: PICTURES,
      streamId: 0xe0,
      ...times,
      data: Buffer.concat([H264, Buffer.alloc(50_000, 5)]),
    });
  return writer.take();
}

/** Opens it from a server that never ends. */
function opener(bytes: Buffer) {
  let isOpen = false;
  async function* body(): AsyncGenerator<Buffer, void, undefined> {
    isOpen = true;
    try {
      for (;;) yield Buffer.from(bytes);
    } finally {
      isOpen = false;
    }
  }
  const http = { get: async () => ({ url: 'http://example.com/a.ts', bytes: undefined, body: body() }) };
  const options = { http, keys: {}, idleTimeoutMs: 1_000 } as unknown as SegmentOptions;
  return { opener: new SegmentOpener(options), isOpen: () => isOpen };
}

it.each(['h264', 'hevc'])('a segment that is not read to its end holds no connection: %s', async (codec) => {
  const { signal } = new AbortController();
  const one = opener(segment(codec));
  const opened = await one.opener.open(SEGMENT, 'http://example.com/', signal);
  expect(one.isOpen()).toBe(true);
  await opened.close();
  expect(one.isOpen()).toBe(false);
  expect(await one.opener.fingerprint(SEGMENT, 'http://example.com/', signal)).toMatch(/^[0-9a-f]{64}$/);
  expect(one.isOpen()).toBe(false);
});
