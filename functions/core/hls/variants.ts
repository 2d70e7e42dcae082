import * as z from 'zod/mini';
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

/**
 * The rendition that carries a variant's sound: the default of its group, else the first. Undefined where the variant
 * has its sound inside.
 */
export function soundOf(
  { audio }: MultivariantPlaylist,
  { audioGroup }: Variant,
): (AudioRendition & { readonly uri: string }) | undefined {
  const group = audio.filter((rendition) => rendition.group === audioGroup);
  const chosen = group.find(({ isDefault }) => isDefault) ?? group[0];
  return chosen?.uri === undefined ? undefined : { ...chosen, uri: chosen.uri };
}

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
