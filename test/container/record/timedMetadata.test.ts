import { afterAll, expect, it } from 'vitest';
import { ALL_TRACKS } from '../../../functions/core/settings/tracks.ts';
import { counterStreamArgs, probe, readRecord } from '../../support/counterStream.ts';
import { benchForTests, folderForTests } from '../../support/forTests.ts';
import { HttpSource } from '../../support/httpSource.ts';
import {
  dvbSubtitles,
  id3,
  id3s,
  klvs,
  metadataIn,
  packetsOfPid,
  SUBTITLE,
  spliceInsert,
  splices,
  TELETEXT,
  teletext,
  withMetadata,
} from '../../support/timedMetadata.ts';
import { describeWith } from '../../support/tools.ts';
import { joinTs } from '../../support/ts.ts';

const SECONDS = 6;
const FPS = 25;
/** Of the source's own clock, near its end: it begins again within the stream. */
const BEGINS_MS = 2 ** 33 / 90 - 2_000;
const AT_MS = [500, 2_300, 4_700];
const hex = (bytes: Buffer): string => bytes.toString('hex');
const KLV = Buffer.from('060e2b34020b01010e0103010100000004aabbccdd', 'hex');

describeWith(['ffmpeg'], 'subtitles and timed metadata of MPEG-TS', () => {
  const folder = folderForTests();
  const bench = benchForTests();
  const sources: HttpSource[] = [];
  afterAll(() => Promise.all(sources.map((source) => source.close())));

  function stream(): Buffer {
    const media = folder.pipe('plain.ts', [
      ...counterStreamArgs({ fps: FPS }).filter((arg) => arg !== '-re'),
      ...['-t', String(SECONDS), '-muxdelay', '0', '-muxpreload', '0'],
      ...['-output_ts_offset', String(BEGINS_MS / 1_000), '-f', 'mpegts'],
    ]);
    const at = (ms: number): number => BEGINS_MS + ms;
    return withMetadata(media, [
      splices(AT_MS.map((ms, i) => ({ atMs: at(ms), data: spliceInsert(i, at(ms) + 1_000) }))),
      id3s(AT_MS.map((ms, i) => ({ atMs: at(ms), data: id3(`song ${i}`) }))),
      klvs(AT_MS.map((ms) => ({ atMs: at(ms), data: KLV }))),
      dvbSubtitles(AT_MS.map((ms) => ({ atMs: at(ms), data: SUBTITLE }))),
      teletext(AT_MS.map((ms) => ({ atMs: at(ms), data: TELETEXT }))),
    ]);
  }

  async function record(settings: object): Promise<{ file: string; bytes: Buffer; leftOut: unknown }> {
    const source = await HttpSource.start(stream());
    sources.push(source);
    const { objects } = await bench.record(source.url, settings);
    const { open, final } = objects.parts.get(1) ?? {};
    const bytes = await bench.object(final?.key ?? '');
    return { file: folder.write(open?.fileName ?? '', bytes), bytes, leftOut: open?.leftOut };
  }

  it('is in a record of MPEG-TS where it was, to the millisecond, and says the same of its times', async () => {
    const { file, bytes, leftOut } = await record({ formats: { h264: 'ts' } });
    expect(leftOut ?? []).toEqual([]);
    const { streams } = await probe(file);
    expect(streams.map(({ codec_name }) => codec_name).sort()).toEqual([
      ...['aac', 'dvb_subtitle', 'dvb_teletext', 'h264', 'klv', 'scte_35', 'timed_id3'],
    ]);
    const { counters, errors } = await readRecord(file);
    expect(errors).toBe('');
    expect(counters).toEqual(Array.from({ length: SECONDS * FPS }, (_, i) => i));
    const found = metadataIn(bytes);
    const isNear = (ms: number | undefined, wanted: number): boolean => Math.abs((ms ?? 0) - wanted) < 25;
    expect(found.id3.map(({ data }) => hex(data))).toEqual(AT_MS.map((_, i) => hex(id3(`song ${i}`))));
    expect(found.klv.map(({ data }) => hex(data))).toEqual(AT_MS.map(() => hex(KLV)));
    expect(found.dvbSubtitles.map(({ data }) => hex(data))).toEqual(AT_MS.map(() => hex(SUBTITLE)));
    expect(found.teletext.map(({ data }) => hex(data))).toEqual(AT_MS.map(() => hex(TELETEXT)));
    const { dvbSubtitles: german, teletext: french } = found.descriptors;
    expect([german, french]).toEqual([hex(dvbSubtitles([]).descriptors), hex(teletext([]).descriptors)]);
    for (const [i, ms] of AT_MS.entries()) {
      expect(isNear(found.dvbSubtitles[i]?.atMs, ms)).toBe(true);
      expect(isNear(found.teletext[i]?.atMs, ms)).toBe(true);
      expect(isNear(found.id3[i]?.atMs, ms)).toBe(true);
      expect(isNear(found.klv[i]?.atMs, ms)).toBe(true);
      expect(found.splices[i]?.eventId).toBe(i);
      expect(isNear(found.splices[i]?.spliceMs, ms + 1_000)).toBe(true);
    }
    expect(found.splices).toHaveLength(AT_MS.length);
  }, 120_000);

  it('is told as left out where it is not asked for, or the container has no place for it', async () => {
    const left = (reason: string, kinds: readonly [string, string][]) =>
      kinds.map(([kind, codec]) => ({ kind, codec, reason, count: 1 }));
    const metadata = ['scte_35', 'timed_id3', 'klv'].map((codec): [string, string] => ['data', codec]);
    const subtitles = ['dvb_subtitle', 'dvb_teletext'].map((codec): [string, string] => ['subtitle', codec]);
    const tracks = { ...ALL_TRACKS, data: false, subtitles: ['fr'] };
    const french = await record({ formats: { h264: 'ts' }, tracks });
    expect(french.leftOut).toEqual(left('not_asked_for', [...metadata, ['subtitle', 'dvb_subtitle']]));
    const found = metadataIn(french.bytes);
    expect([found.klv.length, found.dvbSubtitles.length, found.teletext.length]).toEqual([
      0,
      0,
      AT_MS.length,
    ]);
    const inMp4 = await record({});
    expect(inMp4.leftOut).toEqual(left('container', [...metadata, ...subtitles]));
  }, 120_000);

  it('is no sign of life: a source that sends nothing else any more is lost', async () => {
    const media = folder.pipe('short.ts', [
      ...counterStreamArgs({ fps: FPS }).filter((arg) => arg !== '-re'),
      ...['-t', '1', '-muxdelay', '0', '-muxpreload', '0', '-f', 'mpegts'],
    ]);
    const tags = Array.from({ length: 50 }, (_, i) => ({ atMs: 500 + i, data: KLV }));
    const announced = withMetadata(media, [klvs(tags)]);
    const klv = packetsOfPid(announced, 0x1f2);
    const bytesPerSecond = media.length;
    // Of nothing but these there is for as long as the pictures took, several times.
    const rest = Array.from({ length: Math.ceil((20 * media.length) / (50 * 188)) }, () => klv).flat();
    const source = await HttpSource.start(joinTs([announced, ...rest]), { bytesPerSecond });
    sources.push(source);
    const settings = { formats: { h264: 'ts' }, idleTimeoutMs: 1_000, reconnectWindowMs: 0 } as const;
    const { objects } = await bench.record(source.url, settings);
    const found = metadataIn(await bench.object(objects.parts.get(1)?.final?.key ?? ''));
    expect(found.klv.length).toBeGreaterThanOrEqual(tags.length);
    expect(found.klv.length).toBeLessThan(rest.length / 2);
  }, 120_000);
});
