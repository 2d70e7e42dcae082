import type { IndexedContainer } from '../media/fragmentIndex/types.ts';
import type { Segment } from './segments.ts';

/** A part with what of it is listed. */
export interface ListedPart {
  readonly part: number;
  readonly container: IndexedContainer;
  /** Wall clock of the part's zero, in epoch milliseconds. */
  readonly startTimeMs: number;
  readonly segments: readonly Segment[];
}

export const VOD_PLAYLIST = 'vod.m3u8';
/** Of MP4 the first to have its map apart from an index of keyframes; byte ranges came with 4. */
export const PLAYLIST_VERSIONS: Readonly<Record<IndexedContainer, number>> = { mp4: 7, ts: 4 };

/** Names of what a list leads to, beside the list itself. */
export const initName = (part: number): string => `init-${part}.mp4`;
export const mediaName = (part: number, container: IndexedContainer): string => `${part}.${container}`;

/** What a name beside the list means; undefined for one that is none of ours. */
export function readName(
  name: string,
): { readonly part: number; readonly kind: 'init' | IndexedContainer } | undefined {
  const [, init, digits, container] = /^(init-)?([1-9]\d{0,6})\.(mp4|ts)$/.exec(name) ?? [];
  if (digits === undefined || container === undefined) return undefined;
  if (init === undefined) return { part: Number(digits), kind: container as IndexedContainer };
  return container === 'mp4' ? { part: Number(digits), kind: 'init' } : undefined;
}

/**
 * The list of a recording that has ended (RFC 8216): all parts in order, as byte ranges of the records themselves.
 * Addresses are relative, so that the list has no token.
 * @param parts of one container, each with a segment
 */
export function vodPlaylist(parts: readonly ListedPart[]): string {
  const all = parts.flatMap(({ segments }) => segments);
  const targetMs = all.reduce((most, { startMs, endMs }) => Math.max(most, endMs - startMs), 1_000);
  const container = parts[0]?.container ?? 'mp4';
  const lines = [
    '#EXTM3U',
    `#EXT-X-VERSION:${PLAYLIST_VERSIONS[container]}`,
    `#EXT-X-TARGETDURATION:${Math.round(targetMs / 1000)}`,
    '#EXT-X-MEDIA-SEQUENCE:0',
    '#EXT-X-PLAYLIST-TYPE:VOD',
  ];
  if (all.every(({ isIndependent }) => isIndependent)) lines.push('#EXT-X-INDEPENDENT-SEGMENTS');
  for (const [place, { part, startTimeMs, segments }] of parts.entries()) {
    if (place > 0) lines.push('#EXT-X-DISCONTINUITY');
    if (container === 'mp4') lines.push(`#EXT-X-MAP:URI="${initName(part)}"`);
    for (const [number, segment] of segments.entries()) {
      const { fromByte, endByte, startMs, endMs, hasGapBefore } = segment;
      if (hasGapBefore) lines.push('#EXT-X-DISCONTINUITY');
      if (number === 0 || hasGapBefore)
        lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(Math.round(startTimeMs + startMs)).toISOString()}`);
      lines.push(
        `#EXTINF:${((endMs - startMs) / 1000).toFixed(3)},`,
        `#EXT-X-BYTERANGE:${endByte - fromByte}@${fromByte}`,
        mediaName(part, container),
      );
    }
  }
  return `${[...lines, '#EXT-X-ENDLIST'].join('\n')}\n`;
}
