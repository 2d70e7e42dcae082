import { beforeAll, expect, it } from 'vitest';
import { PACKET_BYTES, readPacket } from '../../../../functions/core/media/mpegts/packets.ts';
import { beepingFlv } from '../../../support/beepingFlv.ts';
import { decodeErrors } from '../../../support/counterStream.ts';
import {
  AUDIO,
  FLV_HEADER,
  type FlvTag,
  isConfiguration,
  VIDEO,
  writeFlv,
} from '../../../support/flvTags.ts';
import { benchForTests, folderForTests } from '../../../support/forTests.ts';
import { makeSegments } from '../../../support/hlsMedia.ts';
import { HttpSource } from '../../../support/httpSource.ts';
import { frameHashes } from '../../../support/media.ts';
import { describeWith } from '../../../support/tools.ts';

const SECONDS = 6;
const DATA = 18;
const MEBIBYTE = 1024 * 1024;
const COUNTER_MS = 2 ** 32;
/** Of ffmpeg's multiplexer. */
const MEDIA_PIDS: ReadonlySet<number> = new Set([0x100, 0x101]);
/** Sent faster than it is played. */
const SPEED = 3;

/** A script tag with a string that is so long. */
function metadata(atMs: number, bytes: number): FlvTag {
  const name = Buffer.from('0200086f6e436c7565', 'hex');
  const value = Buffer.alloc(5 + bytes, 'x');
  value[0] = 12;
  value.writeUInt32BE(bytes, 1);
  return { kind: DATA, atMs, body: Buffer.concat([name, value]) };
}

/** A segment of MPEG-TS whose media nobody can read. */
function scrambled(segment: Buffer): Buffer {
  const bytes = Buffer.from(segment);
  for (let at = 0; at < bytes.length; at += PACKET_BYTES)
    if (MEDIA_PIDS.has(readPacket(bytes, at).pid)) bytes[at + 3] = (bytes[at + 3] ?? 0) | 0x80;
  return bytes;
}

describeWith(['ffmpeg'], 'a live stream that means harm, or is out of its mind', () => {
  const folder = folderForTests();
  const bench = benchForTests();
  let tags: FlvTag[];
  let pictures: string[];

  beforeAll(async () => {
    tags = beepingFlv(folder, 'plain.flv', { seconds: SECONDS, keyframeEvery: 25 });
    pictures = await frameHashes(folder.file('plain.flv'), 'v');
  }, 180_000);

  async function record(sent: readonly FlvTag[]) {
    const bytes = Buffer.concat([FLV_HEADER, writeFlv(sent)]);
    const source = await HttpSource.start(bytes, { bytesPerSecond: (bytes.length / SECONDS) * SPEED });
    const { objects, reason, recordingId } = await bench.record(source.url);
    await source.close();
    const parts = [...objects.parts.values()].flatMap(({ final }) => final ?? []);
    const shown: string[] = [];
    for (const { key, part, format } of parts) {
      const file = folder.write(`${recordingId}-${part}.${format}`, await bench.object(key));
      expect(await decodeErrors(file)).toBe('');
      shown.push(...(await frameHashes(file, 'v')));
    }
    const durationMs = parts.reduce((sum, one) => sum + one.durationMs, 0);
    return { reason, parts, shown, durationMs };
  }

  it.concurrent.each([
    ['for a while', 2, false],
    ['from then on', SECONDS, true],
  ])(
    'of MPEG-TS that is scrambled %s says so only where it ends like that',
    async (_what, untilSegment, isSaid) => {
      const { segments } = makeSegments(folder, { seconds: SECONDS });
      const sent = segments.map((segment, i) => (i >= 1 && i < untilSegment ? scrambled(segment) : segment));
      const bytes = Buffer.concat(sent);
      const source = await HttpSource.start(bytes, { bytesPerSecond: (bytes.length / SECONDS) * SPEED });
      const { reason } = await bench.record(source.url);
      await source.close();
      expect(reason.code).toBe('source_ended');
      expect(reason.message.includes('scrambled')).toBe(isSaid);
    },
  );

  it.concurrent('of metadata alone says that it has nothing', async () => {
    const sent = Array.from({ length: 6 }, (_, i) => metadata(i * 1_000, 2 * MEBIBYTE));
    const { reason, parts } = await record(sent);
    expect(parts).toEqual([]);
    // On a slow machine its time is over before its end.
    expect(reason.code).toMatch(/^source_(empty|timed_out)$/);
  }, 180_000);

  it.concurrent('with metadata of megabytes is recorded whole', async () => {
    const sent = tags.flatMap((tag, i) => (i % 100 === 50 ? [metadata(tag.atMs, 3 * MEBIBYTE), tag] : [tag]));
    const { shown, parts } = await record(sent);
    expect(parts).toHaveLength(1);
    expect(shown).toEqual(pictures);
  }, 180_000);

  it.concurrent('whose sound and pictures come and go every second makes one file', async () => {
    const away = (atMs: number): number => (Math.floor(atMs / 1_000) % 2 === 0 ? AUDIO : VIDEO);
    const sent = tags.filter((tag) => isConfiguration(tag) || away(tag.atMs) !== tag.kind);
    const { shown, parts, durationMs } = await record(sent);
    expect(parts).toHaveLength(1);
    expect(shown).toEqual(pictures.filter((_, i) => Math.floor(i / 25) % 2 === 0));
    expect(Math.abs(durationMs - SECONDS * 1_000)).toBeLessThan(1_100);
  }, 180_000);

  it.concurrent('whose clock comes to its end, and begins again at zero, is as long as it is', async () => {
    const sent = tags.map((tag) => ({ ...tag, atMs: (tag.atMs + COUNTER_MS - 3_000) % COUNTER_MS }));
    const { shown, parts, durationMs } = await record(sent);
    expect(parts).toHaveLength(1);
    expect(shown).toEqual(pictures);
    expect(Math.abs(durationMs - SECONDS * 1_000)).toBeLessThan(150);
  }, 180_000);
});
