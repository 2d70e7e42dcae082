import { beforeAll, expect, it } from 'vitest';
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
import { HttpSource } from '../../../support/httpSource.ts';
import { frameHashes } from '../../../support/media.ts';
import { describeWith } from '../../../support/tools.ts';

const SECONDS = 6;
const DATA = 18;
const MEBIBYTE = 1024 * 1024;
const COUNTER_MS = 2 ** 32;
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
