import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listClips } from '../../../functions/clips/asking.ts';
import type { Clip } from '../../../functions/core/clips/clip.ts';
import { boxesIn } from '../../../functions/core/media/mp4/boxes.ts';
import { overlapKey } from '../../../functions/core/state/keys.ts';
import type { Job } from '../../../functions/core/state/objects.ts';
import { overlapSchema } from '../../../functions/core/state/partObjects.ts';
import { describePart } from '../../../functions/core/upload/uploadedParts.ts';
import { playInChromium } from '../../support/browser.ts';
import { counterStreamArgs, decodeErrors, probe } from '../../support/counterStream.ts';
import { fragmentsOf, liveMedia, nutOf } from '../../support/liveMedia.ts';
import { frameHashes, MediaFolder } from '../../support/media.ts';
import { atLeastOne, cutIntoParts, PartInMemory } from '../../support/parts.ts';
import { describeWith, isThere } from '../../support/tools.ts';
import { MoveBench } from '../relocation/bench.ts';
import { type Content, contentOf, lateness, samplesOf, timesOf } from './content.ts';
import { makeClip } from './making.ts';
import { keepRecording, noteOverlap, START_MS } from './recording.ts';

const SECONDS = 8;
const RATE = 44_100;
const VIDEO = { kind: 'video', codec: 'h264' } as const;
const SOUND = { kind: 'audio', codec: 'aac', sampleRateHz: RATE } as const;
const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '50', '-bf', '2'];
const HEVC = [
  '-c:v',
  'libx265',
  '-preset',
  'ultrafast',
  '-x265-params',
  'log-level=error:keyint=50:bframes=2',
];
/** A keyframe in the middle is no IDR picture: those shown right before it come after it, and refer to what was before. */
const OPEN_GOP = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-x264-params', 'open-gop=1:keyint=50:bframes=2'];
/** One keyframe for more than it lasts. */
const RARE_KEYFRAMES = [...H264, '-g', '250'];
const AAC = ['-c:a', 'aac', '-ac', '1', '-b:a', '128k'];

describeWith(['ffmpeg'], 'a clip', () => {
  const folder = new MediaFolder();
  let bench: MoveBench;
  beforeAll(async () => {
    bench = await MoveBench.start();
  });
  afterAll(async () => {
    await bench.close();
    folder.remove();
  });

  const nameOf = (video: readonly string[], soundAtSeconds = 0): string =>
    `${[...video, soundAtSeconds].join('').replaceAll(/\W/g, '')}.mkv`;

  /** What is recorded of a made source: in one part, or in one for each keyframe after so long. */
  function parts(
    video: readonly string[],
    everyMs = Number.POSITIVE_INFINITY,
    soundAtSeconds = 0,
  ): PartInMemory[] {
    const name = nameOf(video, soundAtSeconds);
    const make = existsSync(folder.file(name)) ? () => undefined : folder.make.bind(folder);
    make(name, [
      ...['-f', 'lavfi', '-i', `testsrc2=size=128x72:rate=25:duration=${SECONDS}`],
      ...['-itsoffset', String(soundAtSeconds)],
      ...['-f', 'lavfi', '-i', `aevalsrc=0.4*sin(2*PI*(300+40*t)*t):s=${RATE}:d=${SECONDS}`],
      ...(video.length === 0 ? ['-map', '1:a'] : video),
      ...AAC,
    ]);
    return partsOf(name, { isHevc: video === HEVC, hasPictures: video.length > 0 }, everyMs);
  }

  function partsOf(
    name: string,
    { isHevc = false, hasPictures = true }: { readonly isHevc?: boolean; readonly hasPictures?: boolean },
    everyMs = Number.POSITIVE_INFINITY,
  ): PartInMemory[] {
    const [found, maps] = hasPictures
      ? [[isHevc ? { ...VIDEO, codec: 'hevc' as const } : VIDEO, SOUND], undefined]
      : [[SOUND], ['0:a:0']];
    const media = liveMedia(found, 'mp4', maps);
    return cutIntoParts(media, fragmentsOf(media, nutOf(folder.file(name), maps)), everyMs);
  }

  /** Recorded in one go, one part after the other. */
  async function recorded(made: readonly PartInMemory[]): Promise<{ job: Job; records: string[] }> {
    const startMs = made[0]?.muxer.summary.startMs ?? 0;
    const job = await keepRecording(
      bench,
      made.map((part) => ({ part, startMs: Math.round(part.muxer.summary.startMs - startMs) })),
    );
    const records = made.map((part, place) => folder.write(`part${place}.mp4`, part.finished()));
    return { job, records };
  }

  async function clipOf(
    job: Job,
    fromMs: number,
    toMs: number,
    kind: Clip['kind'] = 'clip',
  ): Promise<{ clip: Clip; file: string }> {
    const clip = await makeClip(bench, job, { fromMs, toMs, kind });
    const { key = '', bytes, crc32 } = clip.record ?? {};
    const body = await bench.read(key);
    expect(describePart(1, body)).toMatchObject({ bytes, crc32 });
    expect(boxesIn(body).map(({ type }) => type)).toEqual(['ftyp', 'moov', 'mdat']);
    expect(await bench.openUploads()).toBe(0);
    const file = folder.write('clip.mp4', body);
    expect(await decodeErrors(file)).toBe('');
    return { clip, file };
  }

  async function expectCut(
    job: Job,
    { pictures, sound }: Content,
    [fromMs, toMs]: readonly [number, number],
  ): Promise<void> {
    const { clip, file } = await clipOf(job, fromMs, toMs);
    const wanted = pictures.filter(({ atMs }) => atMs >= fromMs - 0.5 && atMs < toMs - 0.5);
    expect(await frameHashes(file, 'v')).toEqual(wanted.map(({ hash }) => hash));
    // A record may begin with a frame of sound.
    const startMs = fromMs === 0 ? 0 : (wanted[0]?.atMs ?? 0);
    expect(clip.record?.startTimeMs).toBe(START_MS + Math.round(startMs));
    const heard = samplesOf(file);
    expect(heard.length).toBeGreaterThan((Math.min(toMs, 7_900) - startMs) * (RATE / 1000) - 2_100);
    // A millisecond of the file's own times.
    expect(Math.abs(lateness(heard, sound, Math.round((startMs * RATE) / 1000)) ?? 1e6)).toBeLessThan(45);
    const { format } = await probe(file);
    expect(Math.abs(Number(format.duration) * 1000 - (clip.record?.durationMs ?? 0))).toBeLessThan(2);
  }

  describe('of H.264 with B-frames', () => {
    let job: Job;
    let content: Content;
    beforeAll(async () => {
      const made = await recorded(parts(H264));
      job = made.job;
      content = await contentOf(made.records);
      expect(content.pictures).toHaveLength(SECONDS * 25);
    });

    it.each([
      ['in the middle of a GOP', 3_480, 5_120],
      ['one frame', 5_000, 5_040],
      ['between frames', 4_990, 6_001],
      ['up to its end', 6_240, SECONDS * 1000],
      ['all of it', 0, SECONDS * 1000],
    ])('%s: the same pictures, and the sound with them', (_which, fromMs, toMs) =>
      expectCut(job, content, [fromMs, toMs]),
    );
  });

  it.each([
    ['HEVC', HEVC, 0],
    ['an open GOP', OPEN_GOP, 0],
    ['few keyframes', RARE_KEYFRAMES, 0],
    ['sound that begins late', H264, 4.2],
  ] as const)(
    'of %s has the same pictures, and the sound with them',
    async (_what, video, soundAtSeconds) => {
      const { job, records } = await recorded(parts(video, Number.POSITIVE_INFINITY, soundAtSeconds));
      await expectCut(job, await contentOf(records), [3_480, 5_120]);
    },
  );

  it.skipIf(!isThere('chromium'))('begins with the very picture in a browser, and is sought in', async () => {
    const args = counterStreamArgs({ keyframeEvery: 50 }).filter((arg) => arg !== '-re');
    folder.make('counter.mkv', [
      ...args.map((arg) => (arg === 'zerolatency' ? 'animation' : arg)),
      ...['-bf', '2', '-t', '6'],
    ]);
    const { job } = await recorded(partsOf('counter.mkv', {}));
    const { clip } = await clipOf(job, 3_480, 5_120);
    const body = await bench.read(clip.record?.key ?? '');
    const found = await playInChromium(body, 'video/mp4', [1.02, 0.01]);
    expect(found.frames).toEqual([87 + 25, 87]);
    expect(Math.abs(found.durationSeconds * 1000 - (clip.record?.durationMs ?? 0))).toBeLessThan(2);
  });

  it('of sound alone begins where it was asked for', async () => {
    const { job, records } = await recorded(parts([]));
    const { clip, file } = await clipOf(job, 2_345, 4_000);
    expect(clip.record).toMatchObject({ startTimeMs: START_MS + 2_345, durationMs: 1_655 });
    const late = lateness(samplesOf(file), samplesOf(records[0] ?? ''), Math.round(2.345 * RATE));
    expect(Math.abs(late ?? 1e6)).toBeLessThan(45);
  });

  it('goes on over parts as if they were one', async () => {
    const { records } = await recorded(parts(H264));
    const content = await contentOf(records);
    const { job } = await recorded(parts(H264, 2_000));
    await expectCut(job, content, [1_480, 6_520]);
  });

  it('has what two attempts both recorded once, and what none recorded as time', async () => {
    const [whole] = parts(H264);
    const [first, , , last] = parts(H264, 2_000);
    if (whole === undefined || first === undefined || last === undefined) throw new Error('too few parts');
    const { records } = await recorded([whole]);
    const { pictures } = await contentOf(records);
    // The second attempt begins in the middle of a GOP of the first, and the third after a gap of 3 s.
    const job = await keepRecording(bench, [
      { part: whole, startMs: 0 },
      { part: first, startMs: 5_000, attempt: 2 },
      { part: last, startMs: 10_000, attempt: 3 },
    ]);
    const { clip, file } = await clipOf(job, 0, 12_000);
    const before = pictures.filter(({ atMs }) => atMs < 5_000 - 0.5).map(({ hash }) => hash);
    const own = async (part: PartInMemory): Promise<string[]> =>
      frameHashes(folder.write('own.mp4', part.finished()), 'v');
    expect(await frameHashes(file, 'v')).toEqual([...before, ...(await own(first)), ...(await own(last))]);
    const times = timesOf(file);
    const startsMs = [before.length, before.length + 50].map((at) => times[at] ?? 0);
    // Their own first picture may be shown a frame of sound after their zero.
    for (const [place, startMs] of [5_000, 10_000].entries())
      expect(Math.abs((startsMs[place] ?? 0) - startMs)).toBeLessThan(45);
    expect(Math.abs((clip.record?.durationMs ?? 0) - 12_000)).toBeLessThan(60);
    expect(clip.record?.parts).toEqual([1, 2, 3]);
  });

  it('has every frame of a hand-over once, though the clocks of the two hosts differ by 0.8 s', async () => {
    const [whole] = parts(H264);
    if (whole === undefined) throw new Error('there is no part');
    const { records } = await recorded([whole]);
    const { pictures } = await contentOf(records);
    // The second attempt has what the first one has from 4 s on.
    const media = liveMedia([VIDEO, SOUND], 'mp4');
    const fragments = fragmentsOf(media, nutOf(folder.file(nameOf(H264))));
    const later = fragments.findIndex(({ startMs, keyframe }) => keyframe && startMs > 3_900);
    const first = new PartInMemory(media, atLeastOne(fragments.slice(0, later + 2)));
    const second = new PartInMemory(media, atLeastOne(fragments.slice(later)));
    const own = await frameHashes(folder.write('second.mp4', second.finished()), 'v');
    const began = pictures.length - own.length;
    const startMs = (pictures[began]?.atMs ?? 0) + 800;
    const job = await keepRecording(bench, [
      { part: first, startMs: 0 },
      { part: second, startMs, attempt: 2 },
    ]);
    await noteOverlap(bench, job, 2);
    const { clip, file } = await clipOf(job, 0, startMs + 10_000, 'join');
    expect(await frameHashes(file, 'v')).toEqual(pictures.map(({ hash }) => hash));
    const times = timesOf(file);
    for (const [place, { atMs }] of pictures.entries())
      expect(Math.abs((times[place] ?? 0) - atMs)).toBeLessThan(2);
    expect(Math.abs((clip.record?.durationMs ?? 0) - SECONDS * 1000)).toBeLessThan(60);
    // Whichever of the two comes into the library last; a part that nobody took over from is left as it is.
    await bench.store.remove(overlapKey(job.recordingId, 2));
    await noteOverlap(bench, job, 1);
    expect(await bench.store.read(overlapKey(job.recordingId, 2), overlapSchema)).toMatchObject({
      value: { part: 2, earlier: 1, zeroMs: expect.closeTo(startMs - 800, 0) },
    });
  });

  it('of all parts is one file, as far as they have the same parameters', async () => {
    const [sound, pictures] = [parts([]), parts(H264, 3_000)];
    const all = [...pictures, ...sound];
    const job = await keepRecording(
      bench,
      all.map((part, place) => ({ part, startMs: 4_000 * place })),
    );
    const endMs = 4_000 * pictures.length + SECONDS * 1000;
    const { clip, file } = await clipOf(job, 0, endMs, 'join');
    expect(clip).toMatchObject({
      toMs: 4_000 * pictures.length,
      reason: { code: 'parameters_differ', message: expect.stringContaining(`part ${all.length}`) },
      record: { parts: pictures.map((_, place) => place + 1) },
    });
    const own = await Promise.all(
      pictures.map((part, place) => frameHashes(folder.write(`${place}.mp4`, part.finished()), 'v')),
    );
    expect(await frameHashes(file, 'v')).toEqual(own.flat());
    const { clips } = await listClips(bench, job.recordingId, { limit: 10 });
    expect(clips.map(({ kind, status }) => `${kind} ${status}`)).toEqual([
      'join available',
      'join available',
    ]);
    const rest = clips.find(({ clipId }) => clipId !== clip.clipId);
    expect(rest?.record).toMatchObject({ parts: [all.length], tracks: [{ codec: 'aac' }] });
  });
});
