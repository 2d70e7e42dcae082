/** What happens in a generated stream. Times in ms of its own true time. */
export type Happening =
  /** No sound, no pictures. */
  | { readonly kind: 'mute' | 'blind'; readonly atMs: number; readonly forMs: number }
  /** One of both begins later; announced, or with its configuration then. */
  | {
      readonly kind: 'late';
      readonly atMs: 0;
      readonly what: 'mute' | 'blind';
      readonly forMs: number;
      readonly isAnnounced: boolean;
    }
  /** Pictures of another size, sound of another rate from then on. */
  | { readonly kind: 'size' | 'rate'; readonly atMs: number }
  /** The publisher's clock jumps. */
  | { readonly kind: 'jump'; readonly atMs: number; readonly byMs: number }
  /** Single pictures are stamped far away. */
  | { readonly kind: 'strays'; readonly atMs: number; readonly forMs: number; readonly byMs: number }
  /** So many frames have one time. */
  | { readonly kind: 'bursts'; readonly atMs: number; readonly forMs: number; readonly frames: number }
  /** Another publisher takes over within the connection: its times begin at zero. */
  | { readonly kind: 'anew'; readonly atMs: number; readonly awayMs: number }
  /**
   * The connection is cut. The server begins with the next keyframe, or with the last one, which it has kept. That of a
   * playlist hangs up on whoever asks for a while, or, with a cache in front, says that it cannot.
   */
  | { readonly kind: 'cut'; readonly atMs: number; readonly hasCache: boolean };

const CARRIERS = ['flv', 'rtmp', 'ts', 'hls'] as const;
/** FLV and MPEG-TS over HTTP, RTMP, HLS of MPEG-TS, and of fragmented MP4. */
export const STREAM_FORMATS = [...CARRIERS, 'fmp4'] as const;
export type StreamFormat = (typeof STREAM_FORMATS)[number];
export const isPlaylist = (format: StreamFormat): boolean => format === 'hls' || format === 'fmp4';

/**
 * Who cuts HLS into segments: one who knows nothing of what happens, one who begins a segment where times change and says
 * so with EXT-X-DISCONTINUITY, or one who begins with each publisher anew, with the first media sequence number.
 */
const PACKAGERS = ['plain', 'tagging', 'restarting'] as const;
export type Packager = (typeof PACKAGERS)[number];

/** How fragmented MP4 is packaged. */
export interface Fragmented {
  /** In one playlist with the pictures, or in one of its own. */
  readonly sound: 'inside' | 'apart';
  /** A fragment for each 200 ms, which the playlist names (low latency); else one for each segment. */
  readonly inParts: boolean;
  /** Times count from 1970. */
  readonly since1970: boolean;
}

export interface Story {
  readonly seed: number;
  readonly format: StreamFormat;
  readonly packager: Packager;
  readonly fragmented?: Fragmented;
  /** HLS of MPEG-TS whose sound is in a playlist of its own. */
  readonly hasSoundApart?: true;
  /** Sound has another rate than records from the first sample on, so that ffmpeg encodes it. */
  readonly isEncoded?: true;
  readonly happenings: readonly Happening[];
}

export const STREAM_MS = 9_000;
export const GOP_MS = 400;
/** Where in a stream something may happen; each takes less than two seconds. */
const PLACES_MS = [1_200, 3_600, 6_000];
const CUT_UNTIL_MS = 3_600;
/** What begins late has begun by then, or soon after. */
const LATE_UNTIL_MS = 4_000;
const LATE_PROBABILITY = 0.3;
const NOTHING_PROBABILITY = 0.25;
const ENCODED_PROBABILITY = 0.25;

/** Mulberry32: the same numbers for the same seed, everywhere. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @param asked the same story as HLS of MPEG-TS, or of fragmented MP4, where it is one of HLS */
export function storyOf(seed: number, asked?: StreamFormat): Story {
  const random = randomOf(seed);
  const among = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  const ms = (from: number, to: number): number => Math.round(from + random() * (to - from));
  const carrier = among(CARRIERS);
  // By themselves: what happens in a seed does not depend on them.
  const how = randomOf(~seed);
  const packager = PACKAGERS[Math.floor(how() * PACKAGERS.length)] as Packager;
  const drawn = how() < 0.5 ? 'fmp4' : 'hls';
  const format = carrier !== 'hls' ? carrier : asked !== undefined && isPlaylist(asked) ? asked : drawn;
  const isTagged = isPlaylist(format) && packager === 'tagging';
  const happenings: Happening[] = [];
  let hidesPauses: boolean = false;
  const isLate = random() < LATE_PROBABILITY;
  if (isLate) {
    const what = among(['mute', 'blind'] as const);
    // The clock alone tells where sound before a pause belongs: it is compared to no pictures but those before it. Of a
    // playlist nobody sees that nothing comes while ffmpeg looks for what is late.
    hidesPauses = what === 'blind' || isPlaylist(format);
    const forMs = ms(300, 5_000);
    const isAnnounced = random() < 0.5;
    happenings.push({
      kind: 'late',
      atMs: 0,
      what,
      forMs,
      isAnnounced,
    });
  }
  for (const place of PLACES_MS) {
    if (random() < NOTHING_PROBABILITY) continue;
    const atMs = place + ms(0, 400);
    const byMs = among([-1, 1]) * among([ms(10_000, 60_000), ms(3_600_000, 36_000_000)]);
    // What a playlist's times leave out is taken for missing, up to a minute.
    const far = isPlaylist(format) && Math.abs(byMs) <= 60_000 ? -Math.abs(byMs) - 60_000 : byMs;
    happenings.push(
      among<() => Happening>([
        () => ({ kind: 'mute', atMs, forMs: ms(300, 1_900) }),
        () => ({ kind: 'blind', atMs, forMs: ms(300, 1_500) }),
        () => ({ kind: 'size', atMs }),
        () => ({ kind: 'rate', atMs }),
        // Tagged segments begin with a keyframe.
        () => ({ kind: 'jump', atMs: isTagged ? Math.ceil(atMs / GOP_MS) * GOP_MS : atMs, byMs: far }),
        () => ({ kind: 'strays', atMs, forMs: ms(500, 1_900), byMs: far }),
        () => ({ kind: 'bursts', atMs, forMs: ms(700, 1_900), frames: ms(2, 8) }),
        () => ({
          kind: 'anew',
          atMs,
          awayMs: hidesPauses && place < LATE_UNTIL_MS ? 0 : among([0, ms(1_500, 1_900)]),
        }),
        // Who comes again is to find something of the stream.
        () => ({ kind: 'cut', atMs: Math.min(atMs, CUT_UNTIL_MS), hasCache: random() < 0.5 }),
      ])(),
    );
  }
  const [apart, inParts, since1970] = [how() < 0.5, how() < 0.5, how() < 0.3];
  // Nobody announces a playlist of what has not come, and where pictures have not, nothing of sound is shown.
  const late = happenings.find((one) => one.kind === 'late');
  // Nor does anybody know by which clock sound is that has not come before, where that begins anew and nobody says so.
  const isAnew = (ms: number): boolean =>
    packager !== 'tagging' &&
    happenings.some(({ kind, atMs }) => (kind === 'anew' || kind === 'jump') && atMs <= ms);
  const isApart =
    apart && (late === undefined || (late.what === 'mute' && late.isAnnounced && !isAnew(late.forMs)));
  const fragmented = { sound: isApart ? 'apart' : 'inside', inParts, since1970 } as const;
  const isEncoded = how() < ENCODED_PROBABILITY && !isPlaylist(format);
  // Not made yet: what is sent in bursts lies over the ends of its segments, and those of sound and of pictures differ.
  const hasSoundApart = format === 'hls' && isApart && happenings.every(({ kind }) => kind !== 'bursts');
  return {
    seed,
    format,
    packager,
    ...(format === 'fmp4' ? { fragmented } : {}),
    ...(isEncoded ? { isEncoded } : {}),
    ...(hasSoundApart ? { hasSoundApart } : {}),
    happenings,
  };
}

export const isSoundApart = ({ fragmented, hasSoundApart }: Story): boolean =>
  hasSoundApart === true || fragmented?.sound === 'apart';

/** What happens in it with nothing sent for a while, whose length the wall clock tells: a playlist has its own. */
export const pausesOf = ({ format, happenings }: Story): readonly Happening[] =>
  isPlaylist(format)
    ? []
    : happenings.filter((one) => one.kind === 'cut' || (one.kind === 'anew' && one.awayMs > 0));
