import { BEEP_EVERY_MS } from '../support/generated/beeps.ts';
import type { HeardBeep, ShownFrame } from '../support/generated/shown.ts';
import { AUDIO, type SentTag } from './media.ts';
import type { Pictures } from './pictureFaults.ts';
import { GOP_MS, type Story } from './story.ts';

export const BEEP_MS = 170;

/** When publishers have begun anew: times are set anew with what they send first, and not when the one before goes. */
export const returnsOf = (happenings: Story['happenings']): number[] =>
  happenings.flatMap((one) => (one.kind === 'anew' ? [one.atMs + one.awayMs] : []));

/** The pictures around it are further apart in what was sent than in the record: it may be of two that were cut off. */
function isOfTwo({ ms }: HeardBeep, frames: readonly ShownFrame[], pictures: Pictures): boolean {
  const before = frames.findLast((frame) => frame.ms <= ms && frame.ms > ms - GOP_MS);
  const after = frames.find((frame) => frame.ms >= ms + BEEP_MS && frame.ms < ms + BEEP_MS + GOP_MS);
  const [beforeMs, afterMs] = [before, after].map((frame) => frame && pictures.get(frame.hash));
  if (before === undefined || after === undefined || beforeMs === undefined || afterMs === undefined)
    return false;
  return afterMs - beforeMs - (after.ms - before.ms) > BEEP_MS;
}

/**
 * What is wrong with the beeps of a record: those that were sent whole are heard, and no others.
 * @param parts what is heard in each. @param shown the pictures of each
 */
export function beepFaults(
  parts: readonly (readonly HeardBeep[])[],
  shown: readonly (readonly ShownFrame[])[],
  sent: readonly SentTag[],
  { happenings }: Pick<Story, 'happenings'>,
  pictures: Pictures,
): string[] {
  const heard = parts.flat();
  // Two that were cut off, and follow one another, have any pitch.
  const certain = parts.flatMap((beeps, i) =>
    beeps.filter((beep) => !isOfTwo(beep, shown[i] ?? [], pictures)),
  );
  const times = sent
    .flatMap((tag) => (tag.kind === AUDIO && !tag.isHeader ? [tag.trueMs] : []))
    .sort((a, b) => a - b);
  const last = times.at(-1) ?? 0;
  const seamsMs = [
    ...happenings.filter(({ kind }) => kind !== 'strays').map(({ atMs }) => atMs),
    ...returnsOf(happenings),
  ];
  const faults: string[] = [];
  for (let number = 0; number * BEEP_EVERY_MS + BEEP_MS < last; number++) {
    const [from, until] = [number * BEEP_EVERY_MS - 60, number * BEEP_EVERY_MS + BEEP_MS];
    const within = times.filter((ms) => ms >= from && ms <= until);
    const isWhole = within.length >= Math.floor((until - Math.max(0, from)) / 24) - 1;
    const isSeam = seamsMs.some((ms) => Math.abs(ms - from) < BEEP_EVERY_MS);
    const isHeard = heard.some((beep) => beep.number === number);
    const certainCount = certain.filter((beep) => beep.number === number).length;
    const count = Math.max(certainCount, isHeard ? 1 : 0);
    if (isWhole && !isSeam && count !== 1) faults.push(`beep ${number} is heard ${count} times`);
    // One that is cut off has any pitch.
    if (within.length === 0 && !isSeam && certainCount > 0) faults.push(`beep ${number} was not sent`);
  }
  return faults;
}
