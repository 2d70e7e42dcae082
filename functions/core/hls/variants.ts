import * as z from 'zod/mini';
import type { LeftOut } from '../settings/selectTracks.ts';
import { canonicalLanguage, type TrackSettings } from '../settings/tracks.ts';
import type { AudioRendition, MultivariantPlaylist, Variant } from './playlist.ts';

/** Which of a source's variants is recorded. */
export const variantRuleSchema = z.strictObject({
  prefer: z.enum(['best', 'smallest']),
  /** Of those that are not higher, in pixels; where all are, the lowest. */
  maxHeight: z.exactOptional(z.int().check(z.positive())),
  /** Of those that ask for no more, in bits per second; where all do, the one that asks for least. */
  maxBandwidth: z.exactOptional(z.int().check(z.positive())),
});
export type VariantRule = z.infer<typeof variantRuleSchema>;

export const BEST_VARIANT: VariantRule = { prefer: 'best' };

/** Each is a playlist that is followed, and an input of ffmpeg's. */
const RENDITIONS_MAX = 8;
const AUDIO_CODEC = /^(mp4a|ac-3|ec-3|ac-4|opus|flac|alac|mp3|dts)/i;

/**
 * The variants in the order in which they are to be tried. Those with a picture come before sound alone, and those with
 * sound before a silent picture; then size, frame rate and bandwidth count.
 */
export function rankVariants({ variants }: MultivariantPlaylist, rule: VariantRule): readonly Variant[] {
  const sign = rule.prefer === 'best' ? -1 : 1;
  const { maxHeight = Number.POSITIVE_INFINITY, maxBandwidth = Number.POSITIVE_INFINITY } = rule;
  const isWithin = (variant: Variant): boolean =>
    variant.height <= maxHeight && variant.bandwidth <= maxBandwidth;
  return variants.toSorted((a, b) => {
    const within = Number(isWithin(b)) - Number(isWithin(a));
    if (within !== 0) return within;
    const whole = wholeness(b) - wholeness(a);
    if (whole !== 0) return whole;
    return isWithin(a) ? sign * compareSize(a, b) : compareSize(a, b);
  });
}

/** Where the sound of a variant is. */
export interface VariantSound {
  /** Sound lies in the variant itself. */
  readonly isInside: boolean;
  /** In playlists of their own, the default one first. */
  readonly renditions: readonly (AudioRendition & { readonly uri: string })[];
  readonly leftOut: readonly LeftOut[];
}

/**
 * The renditions of a variant's sound that are asked for; of none of the languages asked for the default one, as of other
 * sources. A variant without a group has its sound inside.
 */
export function soundsOf(
  { audio }: Pick<MultivariantPlaylist, 'audio'>,
  { audioGroup }: Pick<Variant, 'audioGroup'>,
  asked: TrackSettings['audio'],
): VariantSound {
  const group = audio.filter((rendition) => rendition.group === audioGroup);
  if (group.length === 0) return { isInside: true, renditions: [], leftOut: [] };
  const inOrder = group.toSorted((one, other) => Number(other.isDefault) - Number(one.isDefault));
  const wanted = wantedOf(inOrder, asked);
  // Players take one of several names for the same; each address is followed once.
  const renditions = wanted.flatMap((one) => (one.uri === undefined ? [] : [{ ...one, uri: one.uri }]));
  const kept = renditions
    .filter(({ uri }, place) => renditions.findIndex((one) => one.uri === uri) === place)
    .slice(0, RENDITIONS_MAX);
  const counted = (count: number, reason: LeftOut['reason']): LeftOut[] =>
    count === 0 ? [] : [{ kind: 'audio', codec: 'none', reason, count }];
  return {
    isInside: wanted.some(({ uri }) => uri === undefined),
    renditions: kept,
    leftOut: [
      ...counted(group.length - wanted.length, 'not_asked_for'),
      ...counted(Math.max(0, renditions.length - RENDITIONS_MAX), 'too_many'),
    ],
  };
}

function wantedOf(
  group: readonly AudioRendition[],
  asked: TrackSettings['audio'],
): readonly AudioRendition[] {
  if (!Array.isArray(asked)) return asked ? group : [];
  const languages = asked.map(canonicalLanguage);
  const matching = group.filter(({ language }) => languages.includes(canonicalLanguage(primary(language))));
  return matching.length > 0 ? matching : group.slice(0, 1);
}

/** `de` of `de-CH`. */
const primary = (language: string | undefined): string | undefined => language?.split('-')[0];

/** 2: picture and sound, or not said; 1: a picture alone; 0: sound alone. */
function wholeness({ codecs, audioGroup, width }: Variant): number {
  if (codecs.length === 0) return 2;
  const hasVideo = width > 0 || codecs.some((codec) => !AUDIO_CODEC.test(codec));
  const hasAudio = audioGroup !== undefined || codecs.some((codec) => AUDIO_CODEC.test(codec));
  return hasVideo ? (hasAudio ? 2 : 1) : 0;
}

function compareSize(a: Variant, b: Variant): number {
  return (
    a.width * a.height - b.width * b.height ||
    a.framesPerSecond - b.framesPerSecond ||
    a.bandwidth - b.bandwidth
  );
}
