import { expect, it } from 'vitest';
import { expectWhole, framesOf, HlsForTests } from '../../../support/hlsForTests.ts';
import { missing } from '../../../support/liveRecording.ts';
import { describeWith } from '../../../support/tools.ts';

const WINDOW = 4;
const END = '#EXT-X-ENDLIST';

/** What a packager shows of its segments. */
interface Show {
  readonly sequence: number;
  readonly segments: readonly (readonly string[])[];
  readonly isEnded: boolean;
}

const text = ({ sequence, segments, isEnded }: Show): string =>
  [
    ...['#EXTM3U', '#EXT-X-VERSION:3', '#EXT-X-TARGETDURATION:1', `#EXT-X-MEDIA-SEQUENCE:${sequence}`],
    ...segments.flat(),
    ...(isEnded ? [END, ''] : ['']),
  ].join('\n');

/** Milliseconds since it was asked for the first time: a stream goes on once somebody looks at it. */
function stopwatch(): () => number {
  let sinceMs: number | undefined;
  return () => {
    sinceMs ??= Date.now();
    return Date.now() - sinceMs;
  };
}

/**
 * A window that slides over so many segments: by one with each look once its newest one was taken. So it has what comes
 * next for a recorder on the busiest machine, too.
 * @returns the first one that is in it, and the first one that is not yet
 */
function sliding(count: number, isTaken: (segment: number) => boolean): () => [from: number, to: number] {
  let to = WINDOW;
  return () => {
    if (to < count && isTaken(to - 1)) to += 1;
    return [to - WINDOW, to];
  };
}

/** @param base number of the first one */
function showOf(
  segments: readonly (readonly string[])[],
  [from, to]: readonly [from: number, to: number],
  base = 0,
): Show {
  return {
    sequence: base + from,
    segments: segments.slice(from, to),
    isEnded: to === segments.length,
  };
}

describeWith(['ffmpeg'], 'a live HLS playlist', () => {
  const hls = new HlsForTests();

  function show(path: string, now: () => Show | number): void {
    hls.site.put(path, (_request, response) => {
      const shown = now();
      if (typeof shown === 'number') response.writeHead(shown).end();
      else response.end(text(shown));
    });
  }

  /** Whether a segment below that folder was asked for. */
  const takenOf = (name: string) => (segment: number) => hls.site.times(`/${name}/${segment}.ts`) > 0;

  it.concurrent('is joined at its third segment from the end, and recorded to its end', async () => {
    const segments = hls.put('plain', { seconds: 9 });
    const slide = sliding(segments.length, takenOf('plain'));
    show('/plain.m3u8', () => showOf(segments, slide()));
    const recording = await hls.start('/plain.m3u8');
    // The first of a window of four is left out.
    expectWhole(await recording.record(hls.folder), framesOf(25, 225));
    for (let i = 1; i < 9; i++) expect(hls.site.times(`/plain/${i}.ts`)).toBe(1);
  }, 180_000);

  it.concurrent('whose encoder is started again goes on with all that it sends', async () => {
    const before = hls.put('first', { seconds: 6 });
    const after = hls.put('second', { seconds: 8, from: 150 });
    const first = sliding(before.length, takenOf('first'));
    const second = sliding(after.length, takenOf('second'));
    let isRestarted: boolean = false;
    show('/restart.m3u8', () => {
      const shown = showOf(before, first(), 500);
      isRestarted ||= shown.isEnded;
      return isRestarted ? showOf(after, second()) : shown;
    });
    const recording = await hls.start('/restart.m3u8');
    const { counters, errors, reason } = await recording.record(hls.folder);
    expect(reason.code).toBe('source_ended');
    expect(errors).toBe('');
    // What was never shown is missing; what was shown is there, and once.
    const lost = missing(counters);
    expect(lost.every((frames) => frames > 0 && frames % 25 === 0)).toBe(true);
    expect(counters.at(-1)).toBe(349);
  }, 180_000);

  it.concurrent('that is lost for longer than it may be silent goes on where it was', async () => {
    const segments = hls.put('away', { seconds: 14 });
    const elapsedMs = stopwatch();
    const awayMs = stopwatch();
    show('/away.m3u8', () => {
      const to = Math.min(segments.length, WINDOW + Math.floor(elapsedMs() / 1_000));
      if (takenOf('away')(WINDOW) && awayMs() < 5_000) return 503;
      // A packager keeps more for those who were away.
      return showOf(segments, [0, to]);
    });
    const recording = await hls.start('/away.m3u8', { idleTimeoutMs: 2_000, reconnectWindowMs: 15_000 });
    const { counters, errors } = await recording.record(hls.folder);
    expect(errors).toBe('');
    expect(missing(counters)).toEqual([]);
    expect(counters.at(-1)).toBe(349);
  }, 180_000);

  it.concurrent('that is lost in the middle of a segment has each frame once', async () => {
    const segments = hls.put('torn', { seconds: 8, segmentSeconds: 2, keyframeEvery: 50 });
    const { segments: made } = hls.make({ seconds: 8, segmentSeconds: 2, keyframeEvery: 50 });
    const awayMs = stopwatch();
    let isTorn: boolean = false;
    const isAway = (): boolean => isTorn && awayMs() < 5_000;
    hls.site.put('/torn/2.ts', (_request, response) => {
      if (isAway()) response.writeHead(503).end();
      else if (isTorn) response.end(made[2]);
      else {
        isTorn = true;
        response.writeHead(200, { 'content-length': String(made[2]?.length) });
        response.write(made[2]?.subarray(0, 0.6 * made[2].length), () => response.destroy());
      }
    });
    show('/torn.m3u8', () => (isAway() ? 503 : showOf(segments, [0, segments.length])));
    const recording = await hls.start('/torn.m3u8', { idleTimeoutMs: 2_000, reconnectWindowMs: 15_000 });
    expectWhole(await recording.record(hls.folder), framesOf(0, 200));
  }, 180_000);

  it.concurrent.each([404, 503])(
    'whose variant answers with %i from then on goes on with another one',
    async (status) => {
      const [one, other] = [`large${status}`, `small${status}`];
      const large = hls.put(one, { seconds: 12, pictureHeight: 324 });
      const small = hls.put(other, { seconds: 12 });
      const isTaken = (segment: number) => takenOf(one)(segment) || takenOf(other)(segment);
      const slide = sliding(large.length, isTaken);
      show(`/${one}.m3u8`, () => {
        const shown = showOf(large, slide());
        return takenOf(one)(6) ? status : shown;
      });
      show(`/${other}.m3u8`, () => showOf(small, slide()));
      const streams = ['340', '180'].map(
        (size) => `#EXT-X-STREAM-INF:BANDWIDTH=${size},RESOLUTION=320x${size}`,
      );
      hls.site.put(
        `/two${status}.m3u8`,
        ['#EXTM3U', streams[0], `/${one}.m3u8`, streams[1], `/${other}.m3u8`, ''].join('\n'),
      );
      const recording = await hls.start(`/two${status}.m3u8`, { reconnectWindowMs: 10_000 });
      const { counters, errors, parts } = await recording.record(hls.folder);
      expect(errors).toBe('');
      expect(parts.map(({ tracks }) => tracks.find(({ kind }) => kind === 'video')?.height)).toEqual([
        340, 180,
      ]);
      expect(missing(counters)).toEqual([]);
      expect(counters.at(-1)).toBe(299);
    },
    180_000,
  );

  it.concurrent('whose segments fail now and then is whole, and one that cannot be had is a gap', async () => {
    const segments = hls.put('flaky', { seconds: 8 });
    let faults = 0;
    hls.site.put('/flaky/3b.ts', (_request, response) => {
      faults += 1;
      if (faults < 3) response.writeHead(500).end();
      else response.writeHead(302, { location: '/flaky/3.ts' }).end();
    });
    const lines = segments.map((segment, i) =>
      i === 3 ? ['#EXTINF:1,', '/flaky/3b.ts'] : i === 5 ? ['#EXTINF:1,', '/flaky/none.ts'] : segment,
    );
    const record = await hls.record('flaky', lines.flat());
    expect(faults).toBe(3);
    expect(record.counters).toEqual([...framesOf(0, 125), ...framesOf(150, 200)]);
    expect(hls.site.times('/flaky/none.ts')).toBeGreaterThanOrEqual(3);
  }, 180_000);

  it.concurrent('of which a request is never answered asks again, and loses nothing', async () => {
    const segments = hls.put('silent', { seconds: 4 });
    hls.site.put('/silent/lost.ts', (_request, response) => {
      if (hls.site.times('/silent/lost.ts') > 1) response.writeHead(302, { location: '/silent/2.ts' }).end();
    });
    const lines = segments.map(([tag = '', uri = ''], i) => [tag, i === 2 ? '/silent/lost.ts' : uri]);
    const record = await hls.record('silent', lines.flat(), { idleTimeoutMs: 6_000 });
    expectWhole(record, framesOf(0, 100));
  }, 180_000);

  it.concurrent('whose segments are listed before they are stored loses none of them', async () => {
    const segments = hls.put('early', { seconds: 9, segmentSeconds: 3 });
    hls.site.put('/early/late.ts', (_request, response) => {
      if (hls.site.times('/early/late.ts') <= 4) response.writeHead(404).end();
      else response.writeHead(302, { location: '/early/1.ts' }).end();
    });
    const lines = segments.map(([tag = '', uri = ''], i) => [tag, i === 1 ? '/early/late.ts' : uri]);
    expectWhole(await hls.record('early', lines.flat()), framesOf(0, 225));
  }, 180_000);

  it.concurrent('that sets a cookie gets it back where it belongs', async () => {
    const segments = hls.put('cookie', { seconds: 3 });
    const asked: (string | undefined)[] = [];
    hls.site.put('/cookie.m3u8', (_request, response) => {
      response.writeHead(200, { 'set-cookie': ['token=abc; Path=/guarded', 'other=1; Path=/elsewhere'] });
      const guarded = segments.map(([tag = ''], i) => [tag, `/guarded/${i}.ts`]);
      response.end(text({ sequence: 0, segments: guarded, isEnded: true }));
    });
    for (const [i] of segments.entries()) {
      hls.site.put(`/guarded/${i}.ts`, ({ headers }, response) => {
        asked.push(headers.cookie);
        if (headers.cookie === 'token=abc') response.writeHead(302, { location: `/cookie/${i}.ts` }).end();
        else response.writeHead(403).end();
      });
    }
    const recording = await hls.start('/cookie.m3u8');
    expectWhole(await recording.record(hls.folder), framesOf(0, 75));
    expect(asked).toEqual(['token=abc', 'token=abc', 'token=abc']);
  }, 180_000);
});
