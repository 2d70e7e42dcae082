import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type IndexedSample,
  SampleReader,
  tableRanges,
} from '../../../../../functions/core/media/fragmentIndex/samples.ts';
import type { FragmentIndex } from '../../../../../functions/core/media/fragmentIndex/types.ts';
import { boxesIn } from '../../../../../functions/core/media/mp4/boxes.ts';
import { parseMovieFragment } from '../../../../../functions/core/media/mp4/movieFragment.ts';
import { Mp4Reader } from '../../../../../functions/core/media/mp4/reader.ts';
import { initOf, watchedInit } from '../../../../../functions/core/playback/watchedInit.ts';
import { decodeErrors, probe } from '../../../../support/counterStream.ts';
import {
  AUDIO,
  FLV_HEADER,
  type FlvTag,
  flvTags,
  isConfiguration,
  isMedia,
  VIDEO,
  writeFlv,
} from '../../../../support/flvTags.ts';
import { nutOf, partsOf } from '../../../../support/liveMedia.ts';
import { frameHashes, MediaFolder, packetHashes } from '../../../../support/media.ts';
import { atLeastOne, indexOf, PartInMemory } from '../../../../support/parts.ts';
import { describeWith } from '../../../../support/tools.ts';

const SECONDS = 8;
const H264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-g', '50', '-bf', '2'];
const VIDEO_AND_SOUND = [
  { kind: 'video', codec: 'h264' },
  { kind: 'audio', codec: 'aac', sampleRateHz: 44_100 },
] as const;

/** What a player gets of a part: one file after the other's range. */
function watched(part: PartInMemory): Buffer {
  const index = indexOf(part);
  const record = part.finished();
  const ranges = [...index.fragments()].map(({ offset, watchedBytes }) =>
    record.subarray(offset, offset + watchedBytes),
  );
  return Buffer.concat([watchedInit(index), ...ranges]);
}

/** Each fragment has, after filler, what the tables say of it: sample for sample. */
function expectTablesToBeFound(part: PartInMemory, index: FragmentIndex): void {
  const record = part.finished();
  const init = initOf(index);
  const fragments = [...index.fragments()];
  expect(fragments.at(-1)).toMatchObject({ offset: record.length - (fragments.at(-1)?.bytes ?? 0) });
  const counts = index.tracks.map(() => 0);
  for (const [number, fragment] of fragments.entries()) {
    const bytes = record.subarray(fragment.offset, fragment.offset + fragment.bytes);
    const found = boxesIn(bytes)
      .filter(({ type }) => type === 'moof')
      .flatMap((moof) =>
        parseMovieFragment(moof.bytes, init).map((traf) => ({ ...traf, moofAt: moof.offset })),
      )
      .filter(({ isFiller }) => isFiller !== true);
    for (const [at, track] of index.tracks.entries()) {
      const placed = fragment.tracks[at];
      const own = found.filter((traf) => traf.track.id === track.id);
      expect(placed === undefined).toBe(own.length === 0);
      if (placed === undefined) continue;
      counts[at] = (counts[at] ?? 0) + placed.samples;
      expect(placed.decodeTime).toBe(own[0]?.decodeTime);
      expect(placed.runs).toEqual(
        own.flatMap(({ runs, moofAt }) =>
          runs.map(({ dataOffset, samples }) => ({
            samples: samples.length,
            dataOffset: moofAt + dataOffset,
          })),
        ),
      );
      const end = fragments
        .slice(number + 1)
        .map(({ tracks }) => tracks[at])
        .find((next) => next !== undefined);
      const { durations, offsets, syncSamples, sizes } = tableRanges(track, placed, end);
      const cut = ({ fromByte, endByte }: typeof sizes): Buffer => record.subarray(fromByte, endByte);
      const reader = new SampleReader(track, placed, {
        durations: cut(durations),
        offsets: cut(offsets),
        syncSamples: cut(syncSamples),
        sizes: cut(sizes),
      });
      const samples: IndexedSample[] = [];
      while (reader.next()) {
        const { duration, bytes: size, compositionOffset, sync } = reader;
        samples.push({ duration, bytes: size, compositionOffset, sync });
      }
      const inMoof = own.flatMap(({ runs }) => runs.flatMap((run) => run.samples));
      // The last one lasts until the next is decoded, which its fragment could not know.
      expect(samples.slice(0, -1)).toEqual(inMoof.slice(0, -1));
      expect(samples.at(-1)).toMatchObject({
        bytes: inMoof.at(-1)?.bytes,
        sync: inMoof.at(-1)?.sync,
        compositionOffset: inMoof.at(-1)?.compositionOffset,
      });
    }
  }
  expect(counts).toEqual(index.tracks.map(({ samples }) => samples));
}

/** No hole is left for a player: each track of the init is in each fragment, or has more before. */
function expectNoSilence(part: PartInMemory): void {
  const index = indexOf(part);
  const init = initOf({ init: watchedInit(index) });
  const ends = new Map<number, number>();
  for (const moof of boxesIn(watched(part)).filter(({ type }) => type === 'moof')) {
    for (const { track, decodeTime, runs } of parseMovieFragment(moof.bytes, init)) {
      const holeSeconds = (decodeTime - (ends.get(track.id) ?? 0)) / track.timescale;
      expect(holeSeconds).toBeLessThan(0.15);
      const duration = runs.flatMap(({ samples }) => samples).reduce((sum, one) => sum + one.duration, 0);
      ends.set(track.id, decodeTime + duration);
    }
  }
  expect([...ends.keys()].sort()).toEqual(init.tracks.map(({ id }) => id));
  const seconds = init.tracks.map(({ id, timescale }) => (ends.get(id) ?? 0) / timescale);
  expect(Math.max(...seconds) - Math.min(...seconds)).toBeLessThan(0.2);
}

describeWith(['ffmpeg'], 'the index of a part', () => {
  const folder = new MediaFolder();
  let tags: FlvTag[];
  beforeAll(() => {
    tags = flvTags(
      folder.pipe('source.flv', [
        ...['-f', 'lavfi', '-i', `testsrc2=size=320x180:rate=25:duration=${SECONDS}`],
        ...['-f', 'lavfi', '-i', `sine=sample_rate=44100:duration=${SECONDS}`],
        ...[...H264, '-c:a', 'aac', '-ac', '2', '-flvflags', 'no_duration_filesize', '-f', 'flv'],
      ]),
    ).filter(isMedia);
  });
  afterAll(() => folder.remove());

  const recorded = (name: string, keep: (tag: FlvTag) => boolean): PartInMemory => {
    const kept = tags.filter(keep);
    folder.write(`${name}.flv`, Buffer.concat([FLV_HEADER, writeFlv(kept)]));
    const file = folder.file(`${name}.flv`);
    const [found, maps] = kept.some(({ kind }) => kind === VIDEO)
      ? [VIDEO_AND_SOUND, undefined]
      : [[VIDEO_AND_SOUND[1]], ['0:a:0']];
    return atLeastOne(partsOf(nutOf(file, maps), found, 'mp4', 4_096, maps))[0];
  };
  const isSound = ({ kind }: FlvTag): boolean => kind === AUDIO;

  const SOURCES: readonly (readonly [string, (tag: FlvTag) => boolean])[] = [
    ['B-frames and sound', () => true],
    ['sound that is announced and never comes', (tag) => !isSound(tag) || isConfiguration(tag)],
    ['sound that comes after 3 s', (tag) => !isSound(tag) || isConfiguration(tag) || tag.atMs > 3_000],
    [
      'sound that is away from 2.3 to 5.1 s',
      (tag) => !isSound(tag) || isConfiguration(tag) || tag.atMs < 2_300 || tag.atMs > 5_100,
    ],
    ['sound that ends after 2 s', (tag) => !isSound(tag) || tag.atMs < 2_000],
    ['pictures alone', (tag) => !isSound(tag)],
    ['sound alone', (tag) => isSound(tag)],
  ];

  describe.each(SOURCES)('%s', (name, keep) => {
    it('tells where all is, and gives a player every picture, all sound and no hole', async () => {
      const part = recorded(name, keep);
      const index = indexOf(part);
      expectTablesToBeFound(part, index);
      expectNoSilence(part);
      const record = folder.write('record.mp4', part.finished());
      const played = folder.write('played.mp4', watched(part));
      expect(await decodeErrors(played)).toBe('');
      const kinds = (await probe(record)).streams.map(({ codec_type }) => codec_type);
      if (kinds.includes('video'))
        expect(await frameHashes(played, 'v')).toEqual(await frameHashes(record, 'v'));
      if (kinds.includes('audio')) {
        const sound = await packetHashes(played, 'a');
        const own = await packetHashes(record, 'a');
        expect(own.length).toBeGreaterThan(50);
        const silence = sound.filter((hash) => !own.includes(hash));
        expect(new Set(silence).size).toBeLessThanOrEqual(1);
        expect(sound.filter((hash) => own.includes(hash))).toEqual(own);
      }
      const fragments = [...index.fragments()];
      // Pictures may begin a frame of sound later than the part.
      expect(fragments[0]?.startMs).toBeLessThan(50);
      expect(fragments.at(-1)?.endMs).toBeGreaterThan(7_900);
    });
  });

  it.each([
    ['an open GOP', 'h264', ['libx264', '-x264-params', 'open-gop=1:keyint=50:bframes=2']],
    ['few keyframes', 'h264', ['libx264', '-preset', 'ultrafast', '-g', '250']],
    ['HEVC', 'hevc', ['libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=error:keyint=50']],
  ] as const)('of %s gives a player every picture as it was sent', async (what, codec, encoder) => {
    const file = folder.file(`${what}.mkv`);
    folder.make(`${what}.mkv`, [
      ...['-f', 'lavfi', '-i', `testsrc2=size=128x72:rate=25:duration=${SECONDS}`],
      ...['-pix_fmt', 'yuv420p', '-c:v', ...encoder],
    ]);
    const [part] = atLeastOne(
      partsOf(nutOf(file, ['0:v:0']), [{ kind: 'video', codec }], 'mp4', 4_096, ['0:v:0']),
    );
    expectTablesToBeFound(part, indexOf(part));
    const played = folder.write('played.mp4', watched(part));
    expect(await frameHashes(played, 'v')).toEqual(await frameHashes(file, 'v'));
  });

  it('is the same when a rescued part is read again', () => {
    for (const [name, keep] of SOURCES) {
      const part = recorded(name, keep);
      const reader = new Mp4Reader();
      const again = new PartInMemory(reader, atLeastOne(reader.push(part.begun)));
      const [index, other] = [indexOf(part), indexOf(again)];
      expect([...other.fragments()]).toEqual([...index.fragments()]);
      const facts = { fragments: 0, spans: 0, init: 0 };
      expect({ ...other, ...facts }).toEqual({ ...index, ...facts });
      expect(again.finished().equals(part.finished())).toBe(true);
    }
  });

  it('has the sound of another language outside of what a player gets', async () => {
    const file = folder.file('languages.mkv');
    folder.make('languages.mkv', [
      ...['-f', 'lavfi', '-i', `testsrc2=size=320x180:rate=25:duration=${SECONDS}`],
      ...['-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=44100:duration=${SECONDS}`],
      ...['-f', 'lavfi', '-i', `sine=frequency=880:sample_rate=44100:duration=${SECONDS}`],
      ...['-map', '0:v', '-map', '1:a', '-map', '2:a', ...H264, '-c:a', 'aac', '-ac', '2'],
    ]);
    const maps = ['0:v:0', '0:a:0', '0:a:1'];
    const found = [...VIDEO_AND_SOUND, VIDEO_AND_SOUND[1]];
    const [part] = atLeastOne(partsOf(nutOf(file, maps), found, 'mp4', 4_096, maps));
    const index = indexOf(part);
    expect(index.isMixed).toBe(false);
    expect(index.tracks.map(({ isWatched }) => isWatched)).toEqual([true, true, false]);
    expectTablesToBeFound(part, index);
    expectNoSilence(part);
    const record = folder.write('languages.mp4', part.finished());
    const played = folder.write('played.mp4', watched(part));
    expect((await probe(record)).streams).toHaveLength(3);
    expect((await probe(played)).streams).toHaveLength(2);
    for (const kind of ['v', 'a'] as const)
      expect(await frameHashes(played, kind)).toEqual(await frameHashes(record, kind));
    const reader = new Mp4Reader();
    const again = new PartInMemory(reader, atLeastOne(reader.push(part.begun)));
    expect([...indexOf(again).fragments()]).toEqual([...index.fragments()]);
    expect(again.finished().equals(part.finished())).toBe(true);
  });

  it('says of an older part, whose tracks lie together, that no player can be given two of three', () => {
    const fragmented = folder.pipe('together.mp4', [
      ...['-i', folder.file('languages.mkv'), '-map', '0', '-c', 'copy', '-f', 'mp4'],
      ...['-movflags', '+frag_keyframe+empty_moov+delay_moov+default_base_moof+skip_trailer'],
      ...['-frag_duration', '1000000'],
    ]);
    const reader = new Mp4Reader();
    const part = new PartInMemory(reader, atLeastOne(reader.push(Buffer.from(fragmented))));
    expect(indexOf(part).isMixed).toBe(true);
    expectTablesToBeFound(part, indexOf(part));
  });

  it('of MPEG-TS tells where each second lies, beginning with its tables', () => {
    folder.write('all.flv', Buffer.concat([FLV_HEADER, writeFlv(tags)]));
    const [part] = atLeastOne(partsOf(nutOf(folder.file('all.flv')), VIDEO_AND_SOUND, 'ts'));
    const index = indexOf(part);
    const record = part.finished();
    const fragments = [...index.fragments()];
    expect(fragments.length).toBeGreaterThan(6);
    let end = 0;
    for (const { offset, bytes, startMs, endMs } of fragments) {
      expect(offset).toBe(end);
      end += bytes;
      // The program association table: PID 0.
      expect(record.readUInt32BE(offset) & 0xff_1f_ff_00).toBe(0x47_00_00_00);
      expect(endMs - startMs).toBeGreaterThan(0);
    }
    expect(end).toBe(record.length);
  });
});
