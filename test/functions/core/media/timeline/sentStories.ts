import type { RawTime } from '../../../../../functions/core/media/timeline/sampleTimes.ts';
import { AUDIO, type SentTag, type Variant, VIDEO } from '../../../../streams/media.ts';
import type { Story } from '../../../../streams/story.ts';
import type { FlvTag } from '../../../../support/flvTags.ts';

export const STREAM_MS = 9_000;
export const RATES_HZ: Readonly<Record<Variant, number>> = { first: 44_100, second: 48_000 };
const COUNTERS_MS = { flv: 2 ** 32, rtmp: 2 ** 32, ts: 2 ** 33 / 90, hls: 2 ** 33 / 90, fmp4: 2 ** 40 };
export const SYNC_MS = 70;
/** Steps back of half a second are taken for jitter. */
export const ASTRAY_MS = 500;
/** Where a track waits for others after a jump, or a keyframe: as many samples of both. */
const SETTLED_SAMPLES = 40;

/** What a publisher sends, without its content: the story decides by times and keyframes alone. */
function tagsWith(variant: Variant): FlvTag[] {
  const tag = (kind: number, atMs: number, first: number, isFrame: 0 | 1): FlvTag => ({
    kind,
    atMs,
    body: Buffer.from([first, isFrame]),
  });
  const pictures = Array.from({ length: STREAM_MS / 40 }, (_, i) =>
    tag(VIDEO, 23 + i * 40, i % 10 === 0 ? 0x17 : 0x27, 1),
  );
  const frameMs = 1_024_000 / RATES_HZ[variant];
  const sound = Array.from({ length: Math.floor(STREAM_MS / frameMs) }, (_, i) =>
    tag(AUDIO, Math.floor(i * frameMs), 0xaf, 1),
  );
  return [tag(VIDEO, 0, 0x17, 0), tag(AUDIO, 0, 0xaf, 0), ...pictures, ...sound];
}

/** Of every format. */
export const media = {
  files: { first: '', second: '' },
  tags: { first: tagsWith('first'), second: tagsWith('second') },
};

export interface PlacedTag extends SentTag {
  readonly offMs: number;
}

/** A tag's time as it comes out of ffmpeg. @param rateHz of sound; that of what was sent where it is copied */
export function timeOf(
  { kind, variant, atMs }: SentTag,
  format: Story['format'],
  rateHz = RATES_HZ[variant],
): RawTime {
  const counterMs = COUNTERS_MS[format];
  const timescale = kind === VIDEO ? 90_000 : rateHz;
  const rawMs = ((atMs % counterMs) + counterMs) % counterMs;
  const dts = Math.round((rawMs * timescale) / 1_000);
  return { track: String(kind), dts, timescale, usualDuration: kind === VIDEO ? undefined : 1_024 };
}

/** Samples that are far from where the others of their publisher's clock are. */
export function astray(tags: readonly PlacedTag[]): PlacedTag[] {
  return [...Map.groupBy(tags, ({ epoch }) => epoch).values()].flatMap((own) => {
    const offs = own.map(({ offMs }) => offMs).sort((one, other) => one - other);
    const middleMs = offs[Math.floor(offs.length / 2)] ?? 0;
    return own.filter(({ offMs }) => Math.abs(offMs - middleMs) > ASTRAY_MS);
  });
}

/** How far sound and pictures are apart where both go on. */
export function worstMs(tags: readonly PlacedTag[]): number {
  let worst = 0;
  let inARow = 0;
  const last = new Map<number, PlacedTag>();
  for (const tag of tags.toSorted((one, other) => one.trueMs - other.trueMs)) {
    last.set(tag.kind, tag);
    const [picture, sound] = [last.get(VIDEO), last.get(AUDIO)];
    if (picture === undefined || sound === undefined || Math.abs(picture.trueMs - sound.trueMs) > 60)
      continue;
    const apartMs = Math.abs(picture.offMs - sound.offMs);
    inARow = apartMs > SYNC_MS ? inARow + 1 : 0;
    if (inARow > SETTLED_SAMPLES) worst = Math.max(worst, apartMs);
  }
  return worst;
}
