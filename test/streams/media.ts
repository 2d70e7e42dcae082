import { BEEPING_FPS, beepingFlv } from '../support/beepingFlv.ts';
import { enhancedFlv } from '../support/enhancedFlv.ts';
import { AUDIO, type FlvTag, flvTags, isConfiguration, VIDEO } from '../support/flvTags.ts';
import type { MediaFolder } from '../support/media.ts';
import { GOP_MS, STREAM_MS, type Story } from './story.ts';

export { AUDIO, VIDEO } from '../support/flvTags.ts';

const KEYFRAME_EVERY = (GOP_MS * BEEPING_FPS) / 1_000;

/** Pictures of two sizes, each unlike any other, and sound of two rates that tells its time by its pitch. */
export interface RawMedia {
  readonly files: Readonly<Record<Variant, string>>;
  readonly tags: Readonly<Record<Variant, readonly FlvTag[]>>;
}
export const VARIANTS = ['first', 'second'] as const;
export type Variant = (typeof VARIANTS)[number];
/** Of the pictures: width and height. */
export const SIZES: Readonly<Record<Variant, readonly [number, number]>> = {
  first: [160, 96],
  second: [192, 112],
};

/** Codecs of pictures that FLV has by enhanced RTMP, and how they are made: each shown when it is decoded. */
const ENCODERS = {
  hevc: ['libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=error:bframes=0:scenecut=0'],
  av1: ['libaom-av1', '-usage', 'realtime', '-cpu-used', '8', '-lag-in-frames', '0'],
} as const;
export type EnhancedCodec = keyof typeof ENCODERS;
export const ENHANCED = Object.keys(ENCODERS) as EnhancedCodec[];

/** The same with pictures of another codec. */
function recoded(folder: MediaFolder, name: Variant, codec: EnhancedCodec, tags: readonly FlvTag[]) {
  folder.make(`${name}.mp4`, [
    ...['-i', folder.file(`${name}.flv`), '-an', '-fps_mode', 'passthrough', '-c:v', ...ENCODERS[codec]],
    ...['-g', String(KEYFRAME_EVERY), '-keyint_min', String(KEYFRAME_EVERY)],
  ]);
  const file = folder.file(`${name}.mp4`);
  const pictures = flvTags(enhancedFlv(file, codec));
  const before = tags.filter(({ kind }) => kind === VIDEO);
  const timed = pictures.map((tag, i) => ({ ...tag, atMs: before[i]?.atMs ?? tag.atMs }));
  const sounds = tags.filter(({ kind }) => kind === AUDIO);
  return { file, tags: [...timed, ...sounds].sort((one, other) => one.atMs - other.atMs) };
}

/** @param codec of the pictures; H.264, if not said */
export function makeRawMedia(folder: MediaFolder, codec?: EnhancedCodec): RawMedia {
  const make = (name: Variant, rateHz: number): { file: string; tags: FlvTag[] } => {
    const tags = beepingFlv(folder, `${name}.flv`, {
      seconds: STREAM_MS / 1_000,
      rateHz,
      keyframeEvery: KEYFRAME_EVERY,
      size: SIZES[name],
    });
    if (codec !== undefined) return recoded(folder, name, codec, tags);
    return { file: folder.file(`${name}.flv`), tags };
  };
  const [first, second] = [make('first', 44_100), make('second', 48_000)];
  return {
    files: { first: first.file, second: second.file },
    tags: { first: first.tags, second: second.tags },
  };
}

export const isKeyframe = ({ kind, body }: FlvTag): boolean =>
  kind === VIDEO && (((body[0] ?? 0) >> 4) & 7) === 1;

/** A tag as it is sent, and what it is in truth. */
export interface SentTag extends FlvTag {
  readonly trueMs: number;
  /** It has no frame. */
  readonly isHeader: boolean;
  readonly isKeyframe: boolean;
  readonly variant: Variant;
  /** Goes up where times are set anew; `publisher`, where another one takes over. */
  readonly epoch: number;
  readonly publisher: number;
  /** When it was written, in ms since the first one was, and over which connection; a playlist says its times itself. */
  readonly written?: { readonly atMs: number; readonly connection: number };
}

/** The tags of a story, in the order in which they are sent, by true time. */
export function tagsOf({ tags }: RawMedia, { happenings, isEncoded }: Story): SentTag[] {
  const sent: SentTag[] = [];
  let picture: Variant = 'first';
  let sound: Variant = isEncoded === true ? 'second' : 'first';
  const toSwitch = { size: false, rate: false };
  const other = (variant: Variant): Variant => (variant === 'first' ? 'second' : 'first');
  let shiftMs = 0;
  let epoch = 0;
  let publisher = 0;
  let waitsForKeyframe = false;
  let lastRow: { timeMs: number; left: number } | undefined;
  let count = 0;
  let awayUntilMs = 0;
  const done = new Set<unknown>();
  const announced = new Set<number>();
  const announce = (kind: number, variant: Variant, trueMs: number): void => {
    const found = tags[variant].find((tag) => tag.kind === kind && isConfiguration(tag));
    if (found === undefined) throw new Error('a stream without its configuration');
    announced.add(kind);
    sent.push({
      ...found,
      atMs: trueMs + shiftMs,
      trueMs,
      isHeader: true,
      isKeyframe: false,
      variant,
      epoch,
      publisher,
    });
  };
  const media = VARIANTS.flatMap((variant) =>
    tags[variant].filter((tag) => !isConfiguration(tag)).map((tag) => ({ tag, variant })),
  ).sort((a, b) => a.tag.atMs - b.tag.atMs);
  const late = happenings.find((one) => one.kind === 'late');
  for (const [kind, what] of [
    [VIDEO, 'blind'],
    [AUDIO, 'mute'],
  ] as const)
    if (late?.what !== what || late.isAnnounced) announce(kind, kind === VIDEO ? picture : sound, 0);
  for (const { tag, variant } of media) {
    const trueMs = tag.atMs;
    const isPicture = tag.kind === VIDEO;
    for (const one of happenings) {
      if (trueMs < one.atMs || done.has(one)) continue;
      done.add(one);
      if (one.kind === 'size' || one.kind === 'rate') toSwitch[one.kind] = true;
      if (one.kind === 'jump') shiftMs += one.byMs;
      if (one.kind === 'jump' || one.kind === 'anew') epoch += 1;
      if (one.kind === 'anew') {
        publisher += 1;
        awayUntilMs = trueMs + one.awayMs;
        waitsForKeyframe = true;
        shiftMs = -awayUntilMs;
        for (const kind of announced) announce(kind, kind === VIDEO ? picture : sound, awayUntilMs);
      }
    }
    const silenced = isPicture ? 'blind' : 'mute';
    const within = happenings.filter(
      (one) => 'forMs' in one && trueMs >= one.atMs && trueMs < one.atMs + one.forMs,
    );
    if (isPicture && isKeyframe(tag) && toSwitch.size && variant !== picture) {
      toSwitch.size = false;
      picture = other(picture);
      if (announced.has(VIDEO)) announce(VIDEO, picture, trueMs);
    }
    if (!isPicture && toSwitch.rate && variant !== sound) {
      toSwitch.rate = false;
      sound = other(sound);
      if (announced.has(AUDIO)) announce(AUDIO, sound, trueMs);
    }
    if (variant !== (isPicture ? picture : sound) || trueMs < awayUntilMs) continue;
    if (within.some((one) => one.kind === silenced || (one.kind === 'late' && one.what === silenced))) {
      waitsForKeyframe ||= isPicture;
      continue;
    }
    if (isPicture && waitsForKeyframe && !isKeyframe(tag)) continue;
    if (isPicture) waitsForKeyframe = false;
    if (!announced.has(tag.kind)) announce(tag.kind, variant, trueMs);
    count += 1;
    let timeMs = trueMs + shiftMs;
    const strays = within.find((one) => one.kind === 'strays');
    if (strays !== undefined && isPicture && !isKeyframe(tag) && count % 16 === 0) timeMs += strays.byMs;
    const bursts = within.find((one) => one.kind === 'bursts');
    if (bursts !== undefined) {
      lastRow = lastRow === undefined || lastRow.left === 0 ? { timeMs, left: bursts.frames } : lastRow;
      lastRow.left -= 1;
      timeMs = lastRow.timeMs;
    } else lastRow = undefined;
    sent.push({
      ...tag,
      atMs: timeMs,
      trueMs,
      isHeader: false,
      isKeyframe: isKeyframe(tag),
      variant,
      epoch,
      publisher,
    });
  }
  return sent;
}
