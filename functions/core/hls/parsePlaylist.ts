import { type Attributes, numberOf, parseAttributes } from './attributes.ts';
import {
  type AudioRendition,
  type ByteRange,
  type InitSection,
  type MediaSegment,
  NotPlaylistError,
  type Playlist,
  PlaylistError,
  type SegmentKey,
  type Variant,
} from './playlist.ts';
import { VariableScope, type VariableSources } from './variables.ts';

/** A longer one is a mistake, and no time is reckoned with it. */
const DURATION_MAX_MS = 3_600_000;
/** A day of segments of one second has 86,400. */
const ENTRIES_MAX = 200_000;
const RENDITIONS_MAX = 1_000;
const IDENTITY = 'identity';

/**
 * Reads a playlist. Lenient as players are: what is malformed counts as not said, since a packager's mistake in one tag
 * must not cost the stream.
 * @param sources where its variables come from
 * @throws PlaylistError it is no playlist of HLS, or one without bounds
 */
export function parsePlaylist(text: string, sources: VariableSources = {}): Playlist {
  const scope = new VariableScope(sources);
  const reader = new PlaylistReader(scope);
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  let isFirst = true;
  const lineEnd = text.includes('\n') ? '\n' : '\r';
  while (at < text.length) {
    const end = text.indexOf(lineEnd, at);
    const line = scope.replaceIn(text.slice(at, end < 0 ? text.length : end).trim());
    at = end < 0 ? text.length : end + 1;
    if (line === '') continue;
    if (isFirst && !line.startsWith('#EXTM3U')) break;
    isFirst = false;
    if (line.startsWith('#')) reader.tag(line);
    else reader.uri(line);
  }
  if (isFirst) throw new NotPlaylistError();
  return reader.end();
}

class PlaylistReader {
  readonly #scope: VariableScope;
  readonly #segments: MediaSegment[] = [];
  readonly #variants: Variant[] = [];
  readonly #audio: AudioRendition[] = [];
  #subtitles = 0;
  /** It has tags that only playlists of variants have. */
  #isOfVariants: boolean = false;
  readonly #keys = new Map<string, SegmentKey>();
  #isHls: boolean = false;
  #targetMs: number | undefined;
  #sequence = 0n;
  #isEnded: boolean = false;
  #key: SegmentKey | undefined;
  #init: InitSection | undefined;
  #variant: Omit<Variant, 'uri'> | undefined;
  #durationMs: number | undefined;
  #range: { readonly bytes: number; readonly offset: number | undefined } | undefined;
  #isDiscontinuity: boolean = false;
  #isGap: boolean = false;
  #dateMs: number | undefined;
  /** Where a byte range without an offset begins. */
  #rangeEnd: { readonly uri: string; readonly at: number } | undefined;

  constructor(scope: VariableScope) {
    this.#scope = scope;
  }

  tag(line: string): void {
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1);
    if (name.startsWith('#EXT-X-')) this.#isHls = true;
    switch (name) {
      case '#EXTINF':
        this.#durationMs = durationMs(value);
        break;
      case '#EXT-X-TARGETDURATION':
        this.#targetMs = durationMs(value);
        break;
      case '#EXT-X-MEDIA-SEQUENCE':
        this.#sequence = /^-?\d{1,20}$/.test(value.trim()) ? BigInt(value.trim()) : 0n;
        break;
      case '#EXT-X-DISCONTINUITY':
        this.#isDiscontinuity = true;
        break;
      case '#EXT-X-GAP':
        this.#isGap = true;
        break;
      case '#EXT-X-ENDLIST':
        this.#isEnded = true;
        break;
      case '#EXT-X-BYTERANGE':
        this.#range = rangeOf(value);
        break;
      case '#EXT-X-PROGRAM-DATE-TIME':
        this.#dateMs = dateOf(value);
        break;
      case '#EXT-X-DEFINE':
        this.#scope.define(parseAttributes(value));
        break;
      case '#EXT-X-KEY':
        this.#takeKey(parseAttributes(value));
        break;
      case '#EXT-X-MAP':
        this.#takeMap(parseAttributes(value));
        break;
      case '#EXT-X-STREAM-INF':
        this.#variant = variantOf(parseAttributes(value));
        break;
      case '#EXT-X-I-FRAME-STREAM-INF':
        this.#isOfVariants = true;
        break;
      case '#EXT-X-MEDIA':
        this.#isOfVariants = true;
        this.#takeRendition(parseAttributes(value));
        break;
    }
  }

  uri(uri: string): void {
    if (this.#segments.length + this.#variants.length >= ENTRIES_MAX) {
      throw new PlaylistError(`has a playlist of more than ${ENTRIES_MAX} entries`);
    }
    if (this.#variant !== undefined) {
      this.#variants.push({ ...this.#variant, uri });
      this.#variant = undefined;
      return;
    }
    if (this.#durationMs === undefined) return;
    const range = this.#rangeOf(uri);
    this.#segments.push({
      sequence: this.#sequence + BigInt(this.#segments.length),
      uri,
      durationMs: this.#durationMs,
      range,
      isDiscontinuity: this.#isDiscontinuity,
      isGap: this.#isGap,
      init: this.#init,
      key: this.#key,
      dateMs: this.#dateMs,
    });
    if (this.#dateMs !== undefined) this.#dateMs += this.#durationMs;
    this.#durationMs = undefined;
    this.#range = undefined;
    this.#isDiscontinuity = false;
    this.#isGap = false;
  }

  end(): Playlist {
    if (this.#variants.length > 0) {
      return {
        kind: 'multivariant',
        variants: this.#variants,
        audio: this.#audio,
        subtitles: this.#subtitles,
        variables: this.#scope.variables,
      };
    }
    // A list of stations, which players keep under the same name, has none of HLS's tags.
    if (!this.#isHls)
      throw new NotPlaylistError(
        'sends a list of addresses (M3U), and no playlist of HLS: give one of these',
      );
    if (this.#isOfVariants && this.#segments.length === 0)
      throw new PlaylistError('has a playlist of variants with no variant that can be recorded');
    const longestMs = this.#segments.reduce((max, segment) => Math.max(max, segment.durationMs), 0);
    return {
      kind: 'media',
      targetMs: this.#targetMs ?? longestMs,
      // What was sequenced before the tag came, which is out of place then, counts from it as well.
      segments: this.#renumbered(),
      isEnded: this.#isEnded,
    };
  }

  #renumbered(): readonly MediaSegment[] {
    if ((this.#segments[0]?.sequence ?? this.#sequence) === this.#sequence) return this.#segments;
    return this.#segments.map((segment, i) => ({ ...segment, sequence: this.#sequence + BigInt(i) }));
  }

  #rangeOf(uri: string): ByteRange | undefined {
    if (this.#range === undefined) return undefined;
    const follows = this.#rangeEnd?.uri === uri ? this.#rangeEnd.at : 0;
    const range = { offset: this.#range.offset ?? follows, bytes: this.#range.bytes };
    this.#rangeEnd = { uri, at: range.offset + range.bytes };
    return range;
  }

  /** One key for each format; the one of plain bytes is used where there are several. */
  #takeKey(attributes: Attributes): void {
    const method = attributes.get('METHOD') ?? '';
    const format = attributes.get('KEYFORMAT') ?? IDENTITY;
    if (method === 'NONE') this.#keys.clear();
    else this.#keys.set(format, { method, uri: attributes.get('URI') ?? '', iv: ivOf(attributes.get('IV')) });
    const [first] = this.#keys.values();
    this.#key = this.#keys.get(IDENTITY) ?? first;
  }

  #takeMap(attributes: Attributes): void {
    const uri = attributes.get('URI');
    const range = rangeOf(attributes.get('BYTERANGE') ?? '');
    this.#init =
      uri === undefined
        ? undefined
        : {
            uri,
            range: range === undefined ? undefined : { offset: range.offset ?? 0, bytes: range.bytes },
            key: this.#key,
          };
  }

  #takeRendition(attributes: Attributes): void {
    if (attributes.get('TYPE') === 'SUBTITLES') this.#subtitles += 1;
    if (attributes.get('TYPE') !== 'AUDIO' || this.#audio.length >= RENDITIONS_MAX) return;
    this.#audio.push({
      group: attributes.get('GROUP-ID') ?? '',
      uri: attributes.get('URI'),
      name: attributes.get('NAME') ?? '',
      language: attributes.get('LANGUAGE'),
      isDefault: attributes.get('DEFAULT') === 'YES',
    });
  }
}

function variantOf(attributes: Attributes): Omit<Variant, 'uri'> {
  const [, width = '0', height = '0'] =
    /^(\d{1,6})x(\d{1,6})/i.exec(attributes.get('RESOLUTION') ?? '') ?? [];
  return {
    bandwidth: numberOf(attributes.get('BANDWIDTH')) ?? 0,
    width: Number(width),
    height: Number(height),
    framesPerSecond: numberOf(attributes.get('FRAME-RATE')) ?? 0,
    codecs: (attributes.get('CODECS') ?? '').split(',').flatMap((codec) => codec.trim() || []),
    audioGroup: attributes.get('AUDIO'),
  };
}

function durationMs(text: string): number {
  return Math.min(DURATION_MAX_MS, Math.round(1_000 * (numberOf(text) ?? 0)));
}

/** `bytes[@offset]`, both at most 2^53; undefined for anything else. */
function rangeOf(text: string): { readonly bytes: number; readonly offset: number | undefined } | undefined {
  const [, bytes, offset] = /^\s*(\d{1,15})(?:@(\d{1,15}))?\s*$/.exec(text) ?? [];
  if (bytes === undefined) return undefined;
  return { bytes: Number(bytes), offset: offset === undefined ? undefined : Number(offset) };
}

function dateOf(text: string): number | undefined {
  const ms = Date.parse(text.trim());
  return Number.isNaN(ms) ? undefined : ms;
}

function ivOf(text: string | undefined): Buffer | undefined {
  const [, digits] = /^0x([0-9a-f]{1,32})$/i.exec(text ?? '') ?? [];
  return digits === undefined ? undefined : Buffer.from(digits.padStart(32, '0'), 'hex');
}
