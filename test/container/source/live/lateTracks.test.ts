import { beforeAll, expect, it } from 'vitest';
import { PACKET_BYTES, readPacket, readPesTimes } from '../../../../functions/core/media/mpegts/packets.ts';
import { beepingFlv } from '../../../support/beepingFlv.ts';
import { decodeErrors } from '../../../support/counterStream.ts';
import {
  AUDIO,
  FLV_HEADER,
  type FlvTag,
  flvTags,
  isConfiguration,
  VIDEO,
  writeFlv,
} from '../../../support/flvTags.ts';
import { benchForTests, folderForTests } from '../../../support/forTests.ts';
import { BEEP_EVERY_MS } from '../../../support/generated/beeps.ts';
import { beepsIn, framesOf } from '../../../support/generated/shown.ts';
import { HttpSource } from '../../../support/httpSource.ts';
import { describeWith } from '../../../support/tools.ts';

const SECONDS = 9;
/** Longer than ffmpeg looks for tracks; in the middle of a GOP. */
const LATE_MS = 4_300;
/** ffmpeg's, of the first picture and the first sound. */
const PIDS = { [VIDEO]: 0x100, [AUDIO]: 0x101 } as const;
const SYNC_MS = 45;
/** Of sound that was encoded twice: each encoder puts something in front. */
const ENCODED_SYNC_MS = 90;

describeWith(['ffmpeg'], 'a track that begins long after the others, over HTTP', () => {
  const folder = folderForTests();
  const bench = benchForTests();
  let tags: FlvTag[];
  let mp3: FlvTag[];
  let ts: Buffer;
  /** By the hash of a picture: when it is shown, in ms. */
  let pictures: ReadonlyMap<string, number>;

  beforeAll(async () => {
    beepingFlv(folder, 'both.flv', { seconds: SECONDS, keyframeEvery: 50 });
    const copied = ['-i', folder.file('both.flv'), '-map', '0', '-c', 'copy'];
    tags = flvTags(folder.make('again.flv', copied)).filter(({ kind }) => kind !== 18);
    mp3 = flvTags(folder.make('mp3.flv', [...copied, '-c:a', 'libmp3lame', '-ar', '44100']));
    ts = folder.make('both.ts', [...copied, '-muxdelay', '0', '-f', 'mpegts']);
    const shown = await framesOf(folder.file('both.flv'));
    pictures = new Map(shown.map(({ ms, hash }) => [hash, ms - (shown[0]?.ms ?? 0)]));
  }, 180_000);

  /** Its configuration comes with its first frame. */
  function lateFlv(kind: number): Buffer {
    const configuration = tags.find((tag) => tag.kind === kind && isConfiguration(tag));
    const late = tags.filter((tag) => tag.kind !== kind || (tag.atMs >= LATE_MS && !isConfiguration(tag)));
    const first = late.findIndex((tag) => tag.kind === kind);
    const all = late.toSpliced(first, 0, { ...(configuration as FlvTag), atMs: late[first]?.atMs ?? 0 });
    return Buffer.concat([FLV_HEADER, writeFlv(all)]);
  }

  /** It is announced from the beginning. */
  function lateTs(kind: typeof AUDIO | typeof VIDEO): Buffer {
    let hasBegun = false;
    let first: number | undefined;
    const kept: Buffer[] = [];
    for (let at = 0; at < ts.length; at += PACKET_BYTES) {
      const bytes = ts.subarray(at, at + PACKET_BYTES);
      const { pid, unitStart, payloadAt } = readPacket(bytes, 0);
      const times = unitStart && pid >= PIDS[VIDEO] ? readPesTimes(bytes, payloadAt) : undefined;
      first ??= times?.pts;
      if (pid === PIDS[kind] && times !== undefined) hasBegun ||= (times.pts - (first ?? 0)) / 90 >= LATE_MS;
      if (pid !== PIDS[kind] || hasBegun) kept.push(bytes);
    }
    return Buffer.concat(kept);
  }

  /** AAC becomes MP3. */
  function otherSound(): Buffer {
    const before = tags.filter(({ kind, atMs }) => kind === VIDEO || atMs < LATE_MS);
    const after = mp3.filter(({ kind, atMs }) => kind === AUDIO && atMs >= LATE_MS);
    const all = [...before, ...after].sort((one, other) => one.atMs - other.atMs);
    return Buffer.concat([FLV_HEADER, writeFlv(all)]);
  }

  interface Sent {
    readonly make: () => Buffer;
    /** From when on there are pictures, and sound. */
    readonly picturesMs: number;
    readonly soundMs: number;
    /** What can be described as what was before goes on in the same file. */
    readonly parts: number;
  }
  const streams: Readonly<Record<string, Sent>> = {
    'pictures, in FLV': { make: () => lateFlv(VIDEO), picturesMs: LATE_MS, soundMs: 0, parts: 2 },
    'sound, in FLV': { make: () => lateFlv(AUDIO), picturesMs: 0, soundMs: LATE_MS, parts: 2 },
    'sound of another codec, in FLV': { make: otherSound, picturesMs: 0, soundMs: 0, parts: 1 },
    'pictures, in MPEG-TS': { make: () => lateTs(VIDEO), picturesMs: LATE_MS, soundMs: 0, parts: 2 },
    'sound, in MPEG-TS': { make: () => lateTs(AUDIO), picturesMs: 0, soundMs: LATE_MS, parts: 2 },
  };

  it.concurrent.each(Object.entries(streams))(
    '%s: all of it is recorded over the same connection, without loss and in sync',
    async (what, { make, picturesMs, soundMs, parts: expectedParts }) => {
      const bytes = make();
      // As fast as it is made: what a live source sends ahead of the clock is taken for a jump of its own.
      const source = await HttpSource.start(bytes, { bytesPerSecond: bytes.length / SECONDS });
      const { objects, reason, recordingId } = await bench.record(source.url);
      expect(source.connections).toBe(1);
      await source.close();
      expect(reason.code).toBe('source_ended');
      const parts = [...objects.parts.values()].flatMap(({ final }) => final ?? []);
      expect(parts).toHaveLength(expectedParts);
      expect(parts.flatMap(({ gaps }) => gaps ?? [])).toEqual([]);
      const numbers: number[] = [];
      const shownMs: number[] = [];
      for (const { key, part } of parts) {
        const file = folder.write(`${recordingId}-${part}.mp4`, await bench.object(key));
        expect(await decodeErrors(file)).toBe('');
        const frames = await framesOf(file);
        const beeps = await beepsIn(file);
        shownMs.push(...frames.map(({ hash }) => pictures.get(hash) ?? Number.NaN));
        numbers.push(...beeps.map(({ number }) => number));
        const [first] = frames;
        const offMs = (first?.ms ?? 0) - (pictures.get(first?.hash ?? '') ?? 0);
        if (first === undefined) continue;
        const maxMs = make === otherSound ? ENCODED_SYNC_MS : SYNC_MS;
        for (const { ms, number } of beeps)
          expect(Math.abs(ms - number * BEEP_EVERY_MS - offMs), `${what}, beep ${number}`).toBeLessThan(
            maxMs,
          );
      }
      const firstPicture = Math.ceil(picturesMs / 2_000) * 2_000;
      const expected = [...pictures.values()].filter((ms) => ms >= (picturesMs === 0 ? 0 : firstPicture));
      expect(shownMs).toEqual(expected);
      const firstBeep = Math.ceil(soundMs / BEEP_EVERY_MS);
      const beeps = Array.from({ length: (SECONDS * 1_000) / BEEP_EVERY_MS }, (_, i) => i);
      expect(numbers).toEqual(beeps.slice(firstBeep));
    },
    180_000,
  );
});
