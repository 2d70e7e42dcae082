import fc from 'fast-check';
import { expect } from 'vitest';
import { LiveNumbering, targetSeconds } from '../../../../functions/core/journal/liveNumbering.ts';
import type { LiveItem, LivePart } from '../../../../functions/core/playback/liveItems.ts';
import type { NumberedItem } from '../../../../functions/core/playback/livePlaylist.ts';

const MAX_LOSS_MS = 2_000;
export const TARGET_SECONDS = targetSeconds(MAX_LOSS_MS);
export const ZERO_MS = Date.parse('2026-01-01T00:00:00Z');

/** What comes into the journal, one entry after the other; what of it stays. */
export interface Step {
  readonly lastsMs: number;
  readonly pauseMs: number;
  readonly newPart: boolean;
  readonly isLost: boolean;
  readonly isPlayed: boolean;
}

export const step: fc.Arbitrary<Step> = fc.record({
  lastsMs: fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 40, max: 3_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: 3_001, max: 20_000 }) },
  ),
  pauseMs: fc.oneof(
    { weight: 6, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 9_000 }) },
  ),
  newPart: fc.oneof(
    { weight: 6, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
  isLost: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  isPlayed: fc.oneof(
    { weight: 8, arbitrary: fc.constant(true) },
    { weight: 1, arbitrary: fc.constant(false) },
  ),
});

export function itemsOf(steps: readonly Step[], attempt = 1, startAtMs = ZERO_MS): NumberedItem[] {
  const numbering = new LiveNumbering(1000 * TARGET_SECONDS);
  const items: NumberedItem[] = [];
  let [file, offset, atMs, partAtMs] = [1, 0, 0, startAtMs];
  for (const [n, { lastsMs, pauseMs, newPart, isLost, isPlayed }] of steps.entries()) {
    if (newPart) [file, offset, partAtMs, atMs] = [file + 1, 0, partAtMs + atMs, 0];
    const [startMs, endMs, bytes] = [atMs + pauseMs, atMs + pauseMs + lastsMs, 100 + n];
    const entry = { file, offset, bytes, startMs, endMs, skipBytes: 0, playedBytes: bytes };
    offset += bytes;
    atMs = endMs;
    // Some never come into the journal, and some come and are gone.
    if (isLost && n % 2 === 0) continue;
    if (!isPlayed) numbering.skip(entry);
    else {
      const { skipBytes, ...live } = numbering.next(entry);
      if (isLost) continue;
      const place = { object: n + 1, place: 0, firstByte: skipBytes, keyframe: true, atMs: partAtMs + endMs };
      const inFile = { from: entry.offset, end: entry.offset + bytes, isFirst: entry.offset === 0 };
      const part: LivePart = { part: file, startTimeMs: partAtMs, format: 'mp4' };
      const item: LiveItem = { attempt, file, part: file, ...live, ...place, inFile };
      items.push({ item, part, sequence: live.sequence, discontinuity: live.discontinuity });
    }
  }
  return items;
}

interface Parsed {
  readonly sequence: number;
  readonly targetSeconds: number;
  readonly segments: ReadonlyMap<number, string>;
  readonly hasEnded: boolean;
}

/** By RFC 8216's rules, which it checks. */
export function parsed(list: string): Parsed {
  const lines = list.trimEnd().split('\n');
  const value = (tag: string): number =>
    Number(lines.find((line) => line.startsWith(`#${tag}:`))?.slice(tag.length + 2));
  expect(lines[0]).toBe('#EXTM3U');
  expect(list).not.toContain('PLAYLIST-TYPE');
  const sequence = value('EXT-X-MEDIA-SEQUENCE');
  let [number, discontinuity] = [sequence, value('EXT-X-DISCONTINUITY-SEQUENCE')];
  const segments = new Map<number, string>();
  let tags: string[] = [];
  let map = '';
  for (const line of lines.slice(5)) {
    if (line === '#EXT-X-DISCONTINUITY') discontinuity += 1;
    else if (line.startsWith('#EXT-X-MAP')) map = line;
    else if (line.startsWith('#EXTINF')) {
      const seconds = Number(line.slice(8, -1));
      expect(seconds).toBeGreaterThan(0);
      expect(Math.round(seconds)).toBeLessThanOrEqual(value('EXT-X-TARGETDURATION'));
      tags.push(line);
    } else if (!line.startsWith('#')) {
      const isGap = tags.includes('#EXT-X-GAP');
      expect(isGap || map !== '').toBe(true);
      segments.set(number, [discontinuity, isGap ? '' : map, ...tags, line].join(' '));
      number += 1;
      tags = [];
    } else if (!line.startsWith('#EXT-X-PROGRAM-DATE-TIME') && line !== '#EXT-X-ENDLIST') tags.push(line);
  }
  return {
    sequence,
    targetSeconds: value('EXT-X-TARGETDURATION'),
    segments,
    hasEnded: lines.at(-1) === '#EXT-X-ENDLIST',
  };
}

export const options = { container: 'mp4', targetSeconds: TARGET_SECONDS, hasEnded: false } as const;
