import type { ShownFrame } from '../support/generated/shown.ts';
import { type SentTag, VIDEO } from './media.ts';
import { GOP_MS, type Story } from './story.ts';

/** By the hash of a decoded picture: which one of the stream it is, in ms of its true time. */
export type Pictures = ReadonlyMap<string, number>;

/** What is wrong with the pictures of a record. @param parts those of each, in the order shown */
export function pictureFaults(
  parts: readonly (readonly ShownFrame[])[],
  sent: readonly SentTag[],
  { happenings }: Pick<Story, 'happenings'>,
  pictures: Pictures,
): string[] {
  const hasCache = happenings.some((one) => one.kind === 'cut' && one.hasCache);
  const numbers = parts.map((frames) => frames.map(({ hash }) => pictures.get(hash)));
  const foreign = numbers.flat().filter((ms) => ms === undefined).length;
  const expected = [
    ...new Set(sent.flatMap((tag) => (tag.kind === VIDEO && !tag.isHeader ? [tag.trueMs] : []))),
  ];
  const got = new Set(numbers.flat());
  const missing = expected.filter((ms) => !got.has(ms));
  const back: number[] = [];
  let lastMs = Number.NEGATIVE_INFINITY;
  for (const part of numbers) {
    for (const [i, ms] of part.filter((one) => one !== undefined).entries()) {
      // What goes on behind a cut in another part begins with the keyframe out of the cache: less than a GOP is in both.
      const isBegun = i === 0 && hasCache && lastMs - ms < GOP_MS;
      if (ms <= lastMs && !isBegun) back.push(ms);
      lastMs = ms;
    }
  }
  return [
    ...(foreign > 0 ? [`${foreign} pictures are damaged`] : []),
    ...(missing.length > 0 ? [`pictures are missing: ${missing.join(' ')}`] : []),
    ...(back.length > 0 ? [`pictures come again, or go back: ${back.join(' ')}`] : []),
  ];
}
