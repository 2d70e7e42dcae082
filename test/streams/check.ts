import { isConfiguration } from '../support/flvTags.ts';
import { BEEP_EVERY_MS } from '../support/generated/beeps.ts';
import { beepsIn, framesOf, type HeardBeep, type ShownFrame } from '../support/generated/shown.ts';
import { BEEP_MS, beepFaults, returnsOf } from './beepFaults.ts';
import { AUDIO, type RawMedia, type SentTag, VARIANTS, VIDEO } from './media.ts';
import { behindUntoldPauses, sentLength } from './pauses.ts';
import { type Pictures, pictureFaults } from './pictureFaults.ts';
import { GOP_MS, isPlaylist, pausesOf, type Story } from './story.ts';

const FRAME_MS = 40;
/** Between where a picture and a sound of one moment are in the record. */
const SYNC_MS = 70;
const SYNC_IN_BURSTS_MS = 200;
/** What a gap may be wrong by that is as long as the wall clock says: of a cut, or of a publisher who went. */
const GAP_MS = 600;
const LENGTH_MS = 300;

export async function picturesOf({ files, tags }: RawMedia): Promise<Pictures> {
  const pictures = new Map<string, number>();
  for (const variant of VARIANTS) {
    const times = tags[variant]
      .filter((tag) => tag.kind === VIDEO && !isConfiguration(tag))
      .map(({ atMs }) => atMs);
    for (const [i, { hash }] of (await framesOf(files[variant])).entries()) pictures.set(hash, times[i] ?? 0);
  }
  return pictures;
}

export interface RecordedPart {
  readonly file: string;
  readonly durationMs: number;
}

/** What is wrong with a record of what was sent; empty when nothing is. */
export async function faultsOf(
  parts: readonly RecordedPart[],
  sent: readonly SentTag[],
  story: Story,
  pictures: Pictures,
): Promise<string[]> {
  const faults: string[] = [];
  const shown = await Promise.all(parts.map(({ file }) => framesOf(file)));
  const heard = await Promise.all(parts.map(({ file }) => beepsIn(file)));
  faults.push(...pictureFaults(shown, sent, story, pictures));
  for (const [i, frames] of shown.entries())
    faults.push(...syncFaults(frames, heard[i] ?? [], sent, story, pictures));
  faults.push(...beepFaults(heard, shown, sent, story, pictures));
  // What is missing between two parts is in none of them. A playlist's segments follow one another, whenever they came.
  const length = sentLength(sent, parts.length > 1 || isPlaylist(story.format), FRAME_MS);
  const recordedMs = parts.reduce((sum, { durationMs }) => sum + durationMs, 0);
  const toleranceMs = LENGTH_MS + pausesOf(story).length * GAP_MS;
  const mostMs = length.mostMs + (parts.length - 1) * GOP_MS + twiceMs(sent);
  if (recordedMs < length.leastMs - toleranceMs || recordedMs > mostMs + toleranceMs)
    faults.push(
      `${Math.round(recordedMs)} ms were recorded of ${Math.round(length.leastMs)} to ${Math.round(mostMs)} ms`,
    );
  return faults;
}

/**
 * Sound that has changed comes in the part that begins with a keyframe after it, from its first sample on: while there are
 * no pictures that is long, and the part before goes on. So it does while nothing comes behind that sample, with which
 * ffmpeg gives it.
 */
function twiceMs(sent: readonly SentTag[]): number {
  const keyframesMs = sent.flatMap((tag) => (tag.isKeyframe ? [tag.trueMs] : []));
  const sounds = sent.filter(({ kind }) => kind === AUDIO);
  const changes = new Map(
    sounds.flatMap((header, place) => {
      if (!header.isHeader) return [];
      const [first = header, second = first] = sounds.slice(place).filter(({ isHeader }) => !isHeader);
      const isAlone = second.trueMs - first.trueMs > GOP_MS;
      const ms = isAlone ? first.trueMs : header.trueMs;
      return [[ms, isAlone ? second.trueMs : ms]];
    }),
  );
  return [...changes].reduce((sum, [ms, givenMs]) => {
    const [next = givenMs] = keyframesMs.filter((keyframeMs) => keyframeMs > givenMs);
    return sum + (next - ms > GOP_MS ? next - ms + GOP_MS : 0);
  }, 0);
}

/** A beep is to be where the pictures of its time are. */
function syncFaults(
  frames: readonly ShownFrame[],
  beeps: readonly HeardBeep[],
  sent: readonly SentTag[],
  { happenings, format }: Story,
  pictures: Pictures,
): string[] {
  // An encoder of AAC puts a frame in front, by which all times are later.
  const firstMs = Math.min(...pictures.values());
  const maxMs = happenings.some(({ kind }) => kind === 'bursts') ? SYNC_IN_BURSTS_MS : SYNC_MS;
  // A publisher's sound comes before his first keyframe: there are no pictures of its time.
  const returnsMs = returnsOf(happenings);
  // Behind a cut pictures are where the clock says, and not to the frame.
  const cutsMs = happenings.flatMap(({ kind, atMs }) => (kind === 'cut' ? [atMs] : []));
  // So are those of another publisher, where a playlist does not say what was between: what is missing is in no part.
  if (isPlaylist(format)) cutsMs.push(...behindUntoldPauses(sent));
  const isCutOff = (trueMs: number, beepMs: number): boolean =>
    cutsMs.some((ms) => Math.min(trueMs, beepMs) < ms && Math.max(trueMs, beepMs) >= ms);
  // One whose beginning was not sent, since sound was away, is heard from where it is there.
  const hasBeginning = (beginsMs: number): boolean =>
    sent.some((tag) => tag.kind === AUDIO && !tag.isHeader && Math.abs(tag.trueMs - beginsMs) <= FRAME_MS);
  // One within which sound is coded in another way from then on is heard from where it is whole again.
  const isBroken = (beginsMs: number): boolean =>
    sent.some(
      (tag) => tag.kind === AUDIO && tag.isHeader && tag.trueMs > beginsMs && tag.trueMs < beginsMs + BEEP_MS,
    );
  return beeps.flatMap(({ ms, number }) => {
    if (!hasBeginning(number * BEEP_EVERY_MS) || isBroken(number * BEEP_EVERY_MS)) return [];
    if (returnsMs.some((returnMs) => Math.abs(number * BEEP_EVERY_MS - returnMs) < BEEP_MS)) return [];
    // At a seam pictures of two times are as near.
    const nearestMs = Math.min(...frames.map((frame) => Math.abs(frame.ms - ms)));
    const offsMs = frames.flatMap((frame) => {
      const trueMs = pictures.get(frame.hash);
      if (trueMs === undefined || isCutOff(trueMs, number * BEEP_EVERY_MS)) return [];
      if (Math.abs(frame.ms - ms) > Math.max(nearestMs, BEEP_MS)) return [];
      return [ms - firstMs - number * BEEP_EVERY_MS - (frame.ms - trueMs)];
    });
    const [offMs = 0] = offsMs.toSorted((one, other) => Math.abs(one) - Math.abs(other));
    return Math.abs(offMs) <= maxMs ? [] : [`beep ${number} is ${Math.round(offMs)} ms off`];
  });
}
