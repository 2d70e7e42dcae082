import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IndexedFragment } from '../../../../functions/core/media/fragmentIndex/types.ts';
import { segmentsOf } from '../../../../functions/core/playback/segments.ts';
import { type ListedPart, readName, vodPlaylist } from '../../../../functions/core/playback/vodPlaylist.ts';

interface Shape {
  readonly durationMs: number;
  readonly bytes: number;
  readonly keyframe: boolean;
  /** Away before it. */
  readonly gapMs: number;
  /** Of its bytes; 0: its picture is missing. */
  readonly watched: number;
}

const shape: fc.Arbitrary<Shape> = fc.record({
  durationMs: fc.integer({ min: 40, max: 2_500 }),
  bytes: fc.integer({ min: 200, max: 3_000_000 }),
  keyframe: fc.boolean(),
  gapMs: fc.oneof(
    { weight: 9, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 60_000 }) },
  ),
  watched: fc.oneof(
    { weight: 9, arbitrary: fc.constant(1) },
    { weight: 1, arbitrary: fc.constantFrom(0, 0.5) },
  ),
});

function fragmentsOf(shapes: readonly Shape[], headBytes: number): IndexedFragment[] {
  let offset = headBytes;
  let endMs = 0;
  return shapes.map(({ durationMs, bytes, keyframe, gapMs, watched }, place) => {
    const startMs = endMs + gapMs;
    const fragment = {
      offset,
      bytes,
      watchedBytes: Math.floor(bytes * watched),
      keyframe: keyframe || place === 0,
      startMs,
      endMs: startMs + durationMs,
      tracks: [],
    };
    offset += bytes;
    endMs = fragment.endMs;
    return fragment;
  });
}

const part = fc.record({
  headBytes: fc.integer({ min: 1_000, max: 50_000_000 }),
  shapes: fc.array(shape, { minLength: 1, maxLength: 80 }),
});
const START_MS = Date.UTC(2026, 6, 1, 12);

interface Listed {
  readonly uri: string;
  readonly seconds: number;
  readonly fromByte: number;
  readonly bytes: number;
  readonly discontinuity: boolean;
  readonly map: string | undefined;
  readonly dateMs: number | undefined;
}

/** What a player understands of a list, by RFC 8216's words. */
function read(playlist: string): { readonly tags: Map<string, string>; readonly segments: Listed[] } {
  const tags = new Map<string, string>();
  const segments: Listed[] = [];
  let map: string | undefined;
  let next: Partial<Pick<Listed, 'discontinuity' | 'dateMs'>> & { seconds?: number; range?: string } = {};
  for (const line of playlist.split('\n').filter((one) => one !== '')) {
    const [, tag = '', value = ''] = /^#(EXT[A-Z0-9-]*):?(.*)$/.exec(line) ?? [];
    if (tag === 'EXTINF') next.seconds = Number(value.replace(',', ''));
    else if (tag === 'EXT-X-BYTERANGE') next.range = value;
    else if (tag === 'EXT-X-DISCONTINUITY') next = { ...next, discontinuity: true };
    else if (tag === 'EXT-X-PROGRAM-DATE-TIME') next = { ...next, dateMs: Date.parse(value) };
    else if (tag === 'EXT-X-MAP') map = /^URI="([^"]+)"$/.exec(value)?.[1];
    else if (tag !== '') tags.set(tag, value);
    else {
      const { seconds = Number.NaN, range = '', discontinuity = false, dateMs } = next;
      const [bytes = Number.NaN, fromByte = Number.NaN] = range.split('@').map(Number);
      segments.push({ uri: line, seconds, fromByte, bytes, discontinuity, map, dateMs });
      next = {};
    }
  }
  expect(next).toEqual({});
  return { tags, segments };
}

function listed(parts: readonly { headBytes: number; shapes: readonly Shape[] }[]): ListedPart[] {
  return parts.flatMap(({ headBytes, shapes }, place) => {
    const segments = segmentsOf(fragmentsOf(shapes, headBytes));
    const startTimeMs = START_MS + place * 3_600_000;
    return segments.length === 0
      ? []
      : [{ part: place + 1, container: 'mp4' as const, startTimeMs, segments }];
  });
}

describe('the list of a recording that has ended', () => {
  it('keeps the rules of RFC 8216 for any recording', () => {
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
        const all = listed(parts);
        if (all.length === 0) return;
        const playlist = vodPlaylist(all);
        expect(playlist.startsWith('#EXTM3U\n')).toBe(true);
        expect(playlist.endsWith('#EXT-X-ENDLIST\n')).toBe(true);
        const { tags, segments } = read(playlist);
        expect(tags.get('EXT-X-PLAYLIST-TYPE')).toBe('VOD');
        expect(tags.get('EXT-X-MEDIA-SEQUENCE')).toBe('0');
        // "The EXTINF duration of each Media Segment, when rounded to the nearest integer, MUST be ≤ the target duration."
        const target = Number(tags.get('EXT-X-TARGETDURATION'));
        for (const { seconds, bytes } of segments) {
          expect(Math.round(seconds)).toBeLessThanOrEqual(target);
          expect(seconds).toBeGreaterThan(0);
          expect(bytes).toBeGreaterThan(0);
        }
        expect(target).toBeLessThanOrEqual(15);
        for (const [place, { uri, map, discontinuity, dateMs }] of segments.entries()) {
          const before = segments[place - 1];
          const number = Number.parseInt(uri, 10);
          expect(readName(uri)).toEqual({ part: number, kind: 'mp4' });
          expect(map).toBe(`init-${number}.mp4`);
          expect(discontinuity).toBe(place > 0 && (before?.map !== map || dateMs !== undefined));
          if (before === undefined || before.uri !== uri) expect(dateMs).toBeDefined();
        }
      }),
      { numRuns: 200 },
    );
  });

  it('gives every byte that is watched once, in order, and no other', () => {
    fc.assert(
      fc.property(part, ({ headBytes, shapes }) => {
        const fragments = fragmentsOf(shapes, headBytes);
        const segments = segmentsOf(fragments);
        const given = segments.flatMap(({ fromByte, endByte }) =>
          fragments
            .filter(({ offset }) => offset >= fromByte && offset < endByte)
            .map(({ offset, watchedBytes }) => [offset, Math.min(watchedBytes, endByte - offset)]),
        );
        expect(given).toEqual(
          fragments
            .filter(({ watchedBytes }) => watchedBytes > 0)
            .map(({ offset, watchedBytes }) => [offset, watchedBytes]),
        );
        const bytes = segments.reduce((sum, { fromByte, endByte }) => sum + endByte - fromByte, 0);
        expect(bytes).toBe(fragments.reduce((sum, { watchedBytes }) => sum + watchedBytes, 0));
      }),
      { numRuns: 200 },
    );
  });

  it('has segments of about 6 s that begin with keyframes, and longer ones only where there is none', () => {
    const seconds = (count: number, keyframeEvery: number) =>
      segmentsOf(
        fragmentsOf(
          Array.from({ length: count }, (_, place) => ({
            durationMs: 1_000,
            bytes: 1_000,
            keyframe: place % keyframeEvery === 0,
            gapMs: 0,
            watched: 1,
          })),
          1_000,
        ),
      );
    const lasting = (count: number, keyframeEvery: number) =>
      seconds(count, keyframeEvery).map(({ startMs, endMs }) => (endMs - startMs) / 1_000);
    expect(lasting(60, 2)).toEqual(Array.from({ length: 10 }, () => 6));
    expect(lasting(60, 10)).toEqual(Array.from({ length: 6 }, () => 10));
    expect(lasting(60, 60)).toEqual(Array.from({ length: 5 }, () => 12));
    expect(seconds(60, 10).every(({ isIndependent }) => isIndependent)).toBe(true);
    expect(seconds(60, 60).filter(({ isIndependent }) => isIndependent)).toHaveLength(1);
  });

  it('ends where a later part takes over, but for the fragment that reaches into it', () => {
    const fragments = fragmentsOf(
      Array.from({ length: 20 }, () => ({
        durationMs: 1_000,
        bytes: 1_000,
        keyframe: true,
        gapMs: 0,
        watched: 1,
      })),
      1_000,
    );
    expect(segmentsOf(fragments, 12_500).at(-1)).toMatchObject({ endMs: 13_000 });
    expect(segmentsOf(fragments, 0)).toEqual([]);
  });

  it('of a day in one part has less than 1 MB', () => {
    const day = fragmentsOf(
      Array.from({ length: 24 * 3_600 }, (_, place) => ({
        durationMs: 1_000,
        bytes: 625_000,
        keyframe: place % 2 === 0,
        gapMs: 0,
        watched: 1,
      })),
      40_000_000,
    );
    const all: ListedPart[] = [
      { part: 1, container: 'mp4', startTimeMs: START_MS, segments: segmentsOf(day) },
    ];
    expect(vodPlaylist(all).length).toBeLessThan(1_000_000);
  });

  it('knows its own names again, and no others', () => {
    expect(readName('12.mp4')).toEqual({ part: 12, kind: 'mp4' });
    expect(readName('1.ts')).toEqual({ part: 1, kind: 'ts' });
    expect(readName('init-3.mp4')).toEqual({ part: 3, kind: 'init' });
    for (const name of ['0.mp4', 'init-3.ts', '1.webm', '../1.mp4', '1.mp4/', '', 'vod.m3u8', '12345678.mp4'])
      expect(readName(name)).toBeUndefined();
  });
});
