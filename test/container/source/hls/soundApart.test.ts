import { beforeAll, expect, it } from 'vitest';
import { probe } from '../../../support/counterStream.ts';
import { expectWhole, framesOf, HlsForTests, type PutOptions } from '../../../support/hlsForTests.ts';
import { END, playlist } from '../../../support/hlsMedia.ts';
import { describeWith } from '../../../support/tools.ts';

const SECONDS = 12;

describeWith(['ffmpeg'], 'an HLS source with sound in a playlist of its own', () => {
  const hls = new HlsForTests();

  function putMaster(name: string, picture: string, ...sounds: readonly string[]): void {
    const lines = [
      '#EXTM3U',
      ...sounds.map((sound) => `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="${sound}",URI="/${sound}.m3u8"`),
      '#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=320x180,AUDIO="a"',
      `/${picture}.m3u8`,
    ];
    hls.site.put(`/${name}.m3u8`, `${lines.join('\n')}\n`);
  }

  /** Pictures of so many seconds, in segments of four, and sound of twelve whose init section changes. */
  function putChangingSound(name: string, seconds: number, changesAfterSeconds = 3): void {
    const made = { type: 'fmp4' as const, startSeconds: 20, segmentSeconds: 1 };
    const sounds = { ...made, video: false };
    const pictures = { ...made, seconds, segmentSeconds: 4, keyframeEvery: 100, audio: false };
    const picture = hls.put(`${name}-picture`, pictures);
    const before = hls.put(`${name}-before`, { ...sounds, seconds: changesAfterSeconds });
    const other = { ...sounds, seconds: SECONDS, codec: ['-ar', '48000'] };
    const after = hls.put(`${name}-after`, other).slice(changesAfterSeconds);
    const [map, ...maps] = ['picture', 'before', 'after'].map((which) => hls.map(`${name}-${which}`));
    hls.site.put(`/${name}-picture.m3u8`, playlist(map ?? '', ...picture.flat(), END));
    const lines = [maps[0] ?? '', ...before.flat(), maps[1] ?? '', ...after.flat(), END];
    hls.site.put(`/${name}-sound.m3u8`, playlist(...lines));
    putMaster(name, `${name}-picture`, `${name}-sound`);
  }

  it.each([
    ['at the end', 3],
    ['at the beginning', 5],
  ])(
    'that has another init section %s of a segment of the pictures loses none of it',
    async (_where, after) => {
      putChangingSound(`within-${after}`, SECONDS, after);
      const recording = await hls.start(`/within-${after}.m3u8`);
      const record = await recording.record(hls.folder);
      // The sound is made anew, at the same rate: one file.
      expectWhole(record, framesOf(0, 25 * SECONDS));
      const { streams } = await probe(record.files[0] ?? '');
      for (const { duration, nb_frames, codec_type } of streams) {
        const frames = codec_type === 'video' ? 25 * SECONDS : (SECONDS * 44_100) / 1_024;
        expect(Math.abs(Number(duration) - SECONDS)).toBeLessThan(0.1);
        expect(Math.abs(Number(nb_frames) - frames)).toBeLessThan(5);
      }
    },
  );

  it('that has another init section behind the last picture is recorded to its end', async () => {
    putChangingSound('longer', 4);
    const { reason, objects } = await hls.bench.record(`${hls.site.origin}/longer.m3u8`);
    expect(reason.code).toBe('source_ended');
    const finals = [...objects.parts.values()].flatMap(({ final }) => final ?? []);
    expect(finals.map(({ videoFrames }) => videoFrames)).toEqual([100, 0]);
    expect(Math.abs((finals[1]?.durationMs ?? 0) - 9_000)).toBeLessThan(60);
  });

  it('that begins anew, with a rest of the sound before, has the sound of its own time', async () => {
    const kinds = { video: { audio: false }, audio: { video: false } };
    const lists = Object.entries(kinds).map(([kind, own]) => {
      const name = `anew-${kind}`;
      const lines = (['first', 'second'] as const).map((which, i) => {
        // Times begin at the same second.
        const content = { seconds: kind === 'audio' ? 3.1 : 3, from: 75 * i, ...own };
        const [rest, ...segments] = hls.put(`${name}-${which}`, content).reverse();
        const last = kind === 'audio' ? ['#EXTINF:0.1,', rest?.[1] ?? ''] : (rest ?? []);
        return [...segments.reverse(), last].flat();
      });
      hls.site.put(
        `/${name}.m3u8`,
        playlist(...(lines[0] ?? []), '#EXT-X-DISCONTINUITY', ...(lines[1] ?? []), END),
      );
      return name;
    });
    putMaster('anew', lists[0] ?? '', lists[1] ?? '');
    const recording = await hls.start('/anew.m3u8');
    const record = await recording.record(hls.folder);
    expectWhole(record, framesOf(0, 150));
    const { streams } = await probe(record.files[0] ?? '');
    const sound = streams.find(({ codec_type }) => codec_type === 'audio');
    expect(Number(sound?.nb_frames)).toBeGreaterThan((5.9 * 44_100) / 1_024);
  });

  it('that begins with pictures of another size is in the part that those begin', async () => {
    const made = { type: 'fmp4' as const, seconds: SECONDS, startSeconds: 20 };
    const beginsWith = 2;
    const other = { ...made, audio: false, pictureHeight: 100 };
    const [small, large] = [hls.put('size-p', { ...made, audio: false }), hls.put('size-q', other)];
    const pictures = [
      ...[hls.map('size-p'), ...small.slice(0, beginsWith).flat()],
      ...[hls.map('size-q'), ...large.slice(beginsWith).flat()],
    ];
    const sound = hls.put('size-s', { ...made, video: false }).slice(beginsWith);
    hls.site.put('/size-p.m3u8', playlist(...pictures, END));
    hls.site.put('/size-s.m3u8', playlist(hls.map('size-s'), ...sound.flat(), END));
    putMaster('size', 'size-p', 'size-s');
    const recording = await hls.start('/size.m3u8');
    const record = await recording.record(hls.folder);
    expectWhole(record, framesOf(0, 25 * SECONDS), 2);
    const lengths = record.parts.map(({ durationMs }) => Math.round(durationMs / 100) / 10);
    expect(lengths).toEqual([beginsWith, SECONDS - beginsWith]);
  });

  it('that begins seconds late is in the one file where the pictures go on', async () => {
    const made = { type: 'fmp4' as const, seconds: 5 };
    const late = 2;
    const pictures = hls.put('late-p', { ...made, audio: false });
    const sound = hls.put('late-s', { ...made, video: false }).slice(late);
    hls.site.put('/late-p.m3u8', playlist(hls.map('late-p'), ...pictures.flat(), END));
    hls.site.put('/late-s.m3u8', playlist(hls.map('late-s'), ...sound.flat(), END));
    putMaster('late', 'late-p', 'late-s');
    const recording = await hls.start('/late.m3u8');
    const record = await recording.record(hls.folder);
    expectWhole(record, framesOf(0, 25 * made.seconds));
    const { streams } = await probe(record.files[0] ?? '');
    const heard = streams.find(({ codec_type }) => codec_type === 'audio');
    expect(Math.abs(Number(heard?.start_time) - late)).toBeLessThan(0.1);
  });

  it.each([
    ['hours', 'at first', 9_000],
    ['seconds', 'at first', 90],
    ['seconds', 'before pictures come to that', 90],
  ])(
    'that begins behind a discontinuity, where times go back by %s, and is listed %s, is in sync',
    async (what, when, laterSeconds) => {
      const name = `later-${what}-${when}`.replaceAll(' ', '-');
      const [before, after] = [2, 4];
      const own = { type: 'fmp4' as const, seconds: after };
      const first = hls.put(`${name}-p`, { ...own, laterSeconds, seconds: before, audio: false });
      const then = hls.put(`${name}-q`, { ...own, from: 25 * before, audio: false });
      const sound = hls.put(`${name}-s`, { ...own, video: false });
      const seam = '#EXT-X-DISCONTINUITY';
      const pictures = [
        hls.map(`${name}-p`),
        ...first.flat(),
        seam,
        hls.map(`${name}-q`),
        ...then.flat(),
        END,
      ];
      hls.site.put(`/${name}-p.m3u8`, playlist(...pictures));
      const sounds = playlist(seam, hls.map(`${name}-s`), ...sound.flat(), END);
      hls.site.put(`/${name}-s.m3u8`, (_request, response) => {
        const isListed = when === 'at first' || hls.site.times(`/${name}-p/1.m4s`) > 0;
        response.writeHead(isListed ? 200 : 404).end(isListed ? sounds : '');
      });
      putMaster(name, `${name}-p`, `${name}-s`);
      const recording = await hls.start(`/${name}.m3u8`);
      const record = await recording.record(hls.folder);
      expectWhole(record, framesOf(0, 25 * (before + after)), 2);
      expect(record.parts.map(({ durationMs }) => Math.round(durationMs / 1_000))).toEqual([before, after]);
      const { streams } = await probe(record.files[1] ?? '');
      const heard = streams.find(({ codec_type }) => codec_type === 'audio');
      expect(Math.abs(Number(heard?.start_time))).toBeLessThan(0.1);
    },
  );

  type Kind = Pick<PutOptions, 'type' | 'codec'>;
  const ENCODED = ['-ar', '48000'];
  const madeOf = (
    type: 'fmp4' | 'mpegts',
    tracks: Pick<PutOptions, 'audio' | 'video' | 'codec'>,
  ): PutOptions => ({
    type,
    seconds: SECONDS,
    startSeconds: 20,
    ...tracks,
  });
  const PICTURES = { audio: false };
  const SOUND = { video: false };

  // Those below run side by side: while ffmpeg is waited for, none of them would be served.
  beforeAll(() => {
    for (const type of ['fmp4', 'mpegts'] as const) {
      for (const tracks of [PICTURES, SOUND, { ...SOUND, codec: ENCODED }]) hls.make(madeOf(type, tracks));
    }
  });

  /** Pictures and two sounds of which more is there each time that they are asked for. @returns ends them */
  function putLive(name: string, { type = 'fmp4', codec }: Kind, soundMax = SECONDS): () => void {
    let isOver: boolean = false;
    for (const kind of ['video', 'audio', 'other'] as const) {
      const which = `${name}-${kind}`;
      const own = kind === 'video' ? PICTURES : { ...SOUND, ...(codec === undefined ? {} : { codec }) };
      const segments = hls.put(which, madeOf(type, own));
      const map = type === 'fmp4' ? [hls.map(which)] : [];
      let listed = 3;
      hls.site.put(`/${which}.m3u8`, (_request, response) => {
        listed = Math.min(listed + 1, kind === 'video' ? SECONDS : soundMax);
        const there = isOver ? [...segments.flat(), END] : segments.slice(0, listed).flat();
        response.end(playlist(...map, ...there));
      });
    }
    putMaster(name, `${name}-video`, `${name}-audio`, `${name}-other`);
    return () => {
      isOver = true;
    };
  }

  // Of several inputs ffmpeg 5.1 reads one, and waits for it: live the other would not come.
  it.concurrent.each<[string, Kind]>([
    ['in fMP4', {}],
    ['in fMP4, and is encoded', { codec: ENCODED }],
    ['in MPEG-TS', { type: 'mpegts' }],
    ['in MPEG-TS, and is encoded', { type: 'mpegts', codec: ENCODED }],
  ])('that goes on %s comes with the pictures', async (what, kind) => {
    const name = `on${what.replaceAll(/\W/g, '')}`;
    putLive(name, kind);
    const recording = await hls.start(`/${name}.m3u8`);
    await recording.moreFrames(60);
    recording.stop();
    const record = await recording.record(hls.folder);
    expect([record.reason.code, record.errors, record.parts.length]).toEqual(['stopped', '', 1]);
    const { streams } = await probe(record.files[0] ?? '');
    expect(streams.map(({ codec_type }) => codec_type)).toEqual(['video', 'audio', 'audio']);
    for (const { duration } of streams) expect(Number(duration)).toBeGreaterThan(2);
  });

  it.concurrent('that comes to a halt holds back no picture', async () => {
    const end = putLive('halt', {}, 4);
    const recording = await hls.start('/halt.m3u8');
    await recording.moreFrames(50);
    end();
    // It is joined at the third segment from its end.
    expectWhole(await recording.record(hls.folder), framesOf(25, 25 * SECONDS));
  });

  it.each([
    ['with a segment of the pictures', 'with', 0],
    ['in a pause of the pictures', 'pause', 1],
  ])('that is listed for the first time %s begins there', async (_, name, pauseSeconds) => {
    const beginsWith = 5;
    const made = { type: 'fmp4' as const, seconds: SECONDS, startSeconds: 20 };
    const picture = hls.put(`${name}-p`, { ...made, audio: false });
    const sound = hls.put(`${name}-s`, { ...made, video: false });
    const isPause = (at: number): boolean => at >= beginsWith && at < beginsWith + pauseSeconds;
    let to = 3;
    const end = (): string[] => (to === SECONDS ? [END] : []);
    hls.site.put(`/${name}-p.m3u8`, (_request, response) => {
      const isTaken = isPause(to - 1) || hls.site.times(`/${name}-p/${to - 1}.m4s`) > 0;
      if (to < SECONDS && isTaken) to += 1;
      const listed = picture.slice(0, to).filter((_segment, at) => !isPause(at));
      response.end(playlist(hls.map(`${name}-p`), ...listed.flat(), ...end()));
    });
    hls.site.put(`/${name}-s.m3u8`, (_request, response) =>
      response.end(playlist(hls.map(`${name}-s`), ...sound.slice(beginsWith, to).flat(), ...end())),
    );
    putMaster(name, `${name}-p`, `${name}-s`);
    const recording = await hls.start(`/${name}.m3u8`);
    const record = await recording.record(hls.folder);
    const frames = framesOf(0, 25 * SECONDS).filter((frame) => !isPause(Math.floor(frame / 25)));
    expectWhole(record, frames, 2);
    expect(record.parts[0]?.videoFrames).toBe(25 * beginsWith);
    const { streams } = await probe(record.files[1] ?? '');
    for (const { codec_type, start_time, duration } of streams) {
      const pausedSeconds = codec_type === 'video' ? pauseSeconds : 0;
      expect(Math.abs(Number(start_time) - pausedSeconds)).toBeLessThan(0.1);
      expect(Math.abs(Number(duration) - (SECONDS - beginsWith - pausedSeconds))).toBeLessThan(0.1);
    }
  });

  /** Whatever the sound's server has at first, the pictures go on, and each answer is asked for anew. */
  it.concurrent.each([
    ['its playlist', 'answers 503', 503, /s\.m3u8$/],
    ['its playlist', 'answers 404', 404, /s\.m3u8$/],
    ['its playlist', 'hangs', 0, /s\.m3u8$/],
    ['its init section', 'answers 503', 503, /init\.mp4$/],
    ['its segments', 'answers 404', 404, /m4s$/],
  ])('of which %s %s at first comes once it can be had', async (what, how, status, failing) => {
    const name = `late-${what}-${how}`.replaceAll(/\W/g, '');
    const picture = hls.put(`${name}p`, madeOf('fmp4', PICTURES));
    const sound = hls.put(`${name}s`, madeOf('fmp4', SOUND));
    const isTaken = (segment: number): boolean => hls.site.times(`/${name}p/${segment}.m4s`) > 0;
    let to = 3;
    const show = (which: string, segments: readonly (readonly string[])[]): string => {
      if (which.endsWith('p') && to < SECONDS && isTaken(to - 1)) to += 1;
      return playlist(hls.map(which), ...segments.slice(0, to).flat(), ...(to === SECONDS ? [END] : []));
    };
    hls.site.put(`/${name}p.m3u8`, (_request, response) => response.end(show(`${name}p`, picture)));
    hls.site.put(`/${name}s.m3u8`, (_request, response) => response.end(show(`${name}s`, sound)));
    hls.site.fail((path) =>
      path.startsWith(`/${name}s`) && failing.test(path) && !isTaken(5) ? status : undefined,
    );
    putMaster(name, `${name}p`, `${name}s`);
    const recording = await hls.start(`/${name}.m3u8`, { idleTimeoutMs: 2_000 });
    const record = await recording.record(hls.folder);
    expectWhole(record, framesOf(0, 25 * SECONDS), 2);
    // A live playlist might have had them no more.
    const fetched = picture.map((_, segment) => hls.site.times(`/${name}p/${segment}.m4s`));
    expect(fetched).toEqual(picture.map(() => 1));
    const { parts } = await recording.objects();
    expect(parts.get(1)?.open?.leftOut).toEqual([
      { kind: 'audio', codec: 'none', reason: 'never_came', count: 1 },
    ]);
    const { streams } = await probe(record.files[1] ?? '');
    const [seen, heard] = ['video', 'audio'].map((kind) =>
      streams.find(({ codec_type }) => codec_type === kind),
    );
    expect(Math.abs(Number(seen?.start_time) - Number(heard?.start_time))).toBeLessThan(0.1);
    expect(Math.abs(Number(seen?.duration) - Number(heard?.duration))).toBeLessThan(0.1);
  });
});
