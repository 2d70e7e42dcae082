import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parsePlaylist } from '../../../../functions/core/hls/parsePlaylist.ts';
import type { MediaPlaylist } from '../../../../functions/core/hls/playlist.ts';
import { reloadAfterMs, staleAfterMs, startIndex } from '../../../../functions/core/hls/reload.ts';

const playlist = (target: number, segments: number, seconds: number, end = ''): MediaPlaylist =>
  parsePlaylist(
    `#EXTM3U\n#EXT-X-TARGETDURATION:${target}\n${`#EXTINF:${seconds},\na.ts\n`.repeat(segments)}${end}`,
  ) as MediaPlaylist;

it('a playlist is loaded again after a segment, or after half of one when nothing was new', () => {
  expect(reloadAfterMs(playlist(6, 3, 4), true)).toBe(4_000);
  expect(reloadAfterMs(playlist(6, 3, 4), false)).toBe(2_000);
  expect(reloadAfterMs(playlist(6, 0, 4), true)).toBe(6_000);
});

it('no playlist is loaded more than twice a second, or forgotten', () => {
  fc.assert(
    fc.property(
      fc.nat(100_000),
      fc.nat(5),
      fc.nat(100_000),
      fc.boolean(),
      (target, segments, seconds, changed) => {
        const afterMs = reloadAfterMs(playlist(target, segments, seconds), changed);
        expect(afterMs >= 500 && afterMs <= 30_000).toBe(true);
        expect(staleAfterMs(playlist(target, segments, seconds), 10_000)).toBeGreaterThanOrEqual(10_000);
      },
    ),
  );
});

it('a live playlist is joined at its third segment from the end, one with an end at its beginning', () => {
  expect(startIndex(playlist(2, 10, 2))).toBe(7);
  expect(startIndex(playlist(2, 2, 2))).toBe(0);
  expect(startIndex(playlist(2, 10, 2), 4)).toBe(3);
  expect(startIndex(playlist(2, 10, 2), 9)).toBe(0);
  expect(startIndex(playlist(2, 10, 2, '#EXT-X-ENDLIST'))).toBe(0);
});
