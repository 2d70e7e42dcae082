/**
 * What an HLS playlist says (RFC 8216), as far as a recorder needs it. URIs are as they are written: `resolve` them against
 * the address that the playlist came from.
 */

export interface ByteRange {
  readonly offset: number;
  readonly bytes: number;
}

export interface SegmentKey {
  /** `AES-128`; another one cannot be decrypted here. */
  readonly method: string;
  readonly uri: string;
  /** 16 bytes; undefined: it is the media sequence number. */
  readonly iv: Buffer | undefined;
}

/** EXT-X-MAP: what comes in front of a segment that cannot be read without it. */
export interface InitSection {
  readonly uri: string;
  readonly range: ByteRange | undefined;
  readonly key: SegmentKey | undefined;
}

export interface MediaSegment {
  /** Media sequence number. Encoders that count in nanoseconds are beyond what a number holds. */
  readonly sequence: bigint;
  readonly uri: string;
  readonly durationMs: number;
  readonly range: ByteRange | undefined;
  /** What comes is not a continuation of the segment before. */
  readonly isDiscontinuity: boolean;
  /** The packager has nothing for this time (EXT-X-GAP): not to be fetched. */
  readonly isGap: boolean;
  readonly init: InitSection | undefined;
  readonly key: SegmentKey | undefined;
  /** EXT-X-PROGRAM-DATE-TIME of its first frame, carried over the segments that follow, in epoch milliseconds. */
  readonly dateMs: number | undefined;
}

export interface MediaPlaylist {
  readonly kind: 'media';
  readonly targetMs: number;
  readonly segments: readonly MediaSegment[];
  /** EXT-X-ENDLIST: nothing will be added. */
  readonly isEnded: boolean;
}

export interface Variant {
  readonly uri: string;
  /** Bits per second; 0: not said. */
  readonly bandwidth: number;
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
  /** As in RFC 6381; empty: not said. */
  readonly codecs: readonly string[];
  /** GROUP-ID of its audio renditions. */
  readonly audioGroup: string | undefined;
}

/** A rendition of EXT-X-MEDIA with TYPE=AUDIO. */
export interface AudioRendition {
  readonly group: string;
  /** Undefined: it lies in the variant itself. */
  readonly uri: string | undefined;
  readonly name: string;
  /** As in RFC 5646; undefined: not said. */
  readonly language: string | undefined;
  readonly isDefault: boolean;
}

/** Names to what stands in their place (EXT-X-DEFINE). */
export type Variables = ReadonlyMap<string, string>;

export interface MultivariantPlaylist {
  readonly kind: 'multivariant';
  readonly variants: readonly Variant[];
  readonly audio: readonly AudioRendition[];
  /** Renditions of TYPE=SUBTITLES. */
  readonly subtitles: number;
  /** Playlists that it leads to may ask for them. */
  readonly variables: Variables;
}

export type Playlist = MediaPlaylist | MultivariantPlaylist;

/** The text is not a playlist. The message follows "The source". */
export class PlaylistError extends Error {
  override readonly name: string = 'PlaylistError';
}

/** It is something else than a playlist of HLS. */
export class NotPlaylistError extends PlaylistError {
  /** @param message follows "The source" */
  constructor(message = 'sends something else than a playlist where a playlist should be') {
    super(message);
  }
}

/** It is one, and of a kind that cannot be recorded, however often it is tried. */
export class UnsupportedStreamError extends PlaylistError {}

/** As a playlist begins, a byte order mark before it or not. */
export function looksLikePlaylist(head: Buffer): boolean {
  return /^\uFEFF?\s*#EXTM3U/.test(head.toString('utf8', 0, 64));
}
