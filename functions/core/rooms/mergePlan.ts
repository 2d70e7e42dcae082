import { type PlacedPart, placedParts } from '../clips/placedParts.ts';
import type { RecordingObjects } from '../state/fold.ts';
import type { Job } from '../state/objects.ts';
import type { MovedPart } from '../state/partObjects.ts';
import type { MergeLeftOut, MergeParticipant, MergePiece, MergePlan } from './merge.ts';

/** Wall clock, epoch milliseconds; infinite where the room's own beginning or end is meant. */
export interface MergeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A plan of what is in the library, and what it lacks of the room. */
export interface PlannedMerge {
  /** Undefined where nothing is shown. */
  readonly plan: MergePlan | undefined;
  /** What is still recorded, or on its way to the library: it is in the plan's `leftOut` too. */
  readonly pending: readonly MergeLeftOut[];
}

/** Where a publisher comes back under its name, the former stream may last so long besides: it is cut there. */
const OVERLAP_MAX_MS = 2_000;

/** A part of the room, on the wall clock. */
interface Stretch {
  readonly job: Job;
  readonly part: PlacedPart;
  readonly moved: MovedPart;
  readonly durationMs: number;
  readonly startMs: number;
  /** Where it ends, or another one of its participant goes on. */
  readonly endMs: number;
}

/** One that is there under a name. */
interface Seat {
  readonly name: string;
  readonly stretches: Stretch[];
}

/**
 * Who was there, when, and where that lies in the library. Of two records of one participant that have the same time the
 * later one is taken from its beginning on, as where one attempt of a recording took over from another.
 * @param recordings of one room, in any order; results of merges among them are none of its participants
 */
export function planMerge(recordings: readonly RecordingObjects[], range: MergeRange): PlannedMerge {
  const leftOut: MergeLeftOut[] = [];
  const stretches: Stretch[] = [];
  for (const objects of recordings) {
    if (objects.job.merge !== undefined) continue;
    const found = stretchesIn(objects, range);
    stretches.push(...found.stretches);
    leftOut.push(...found.pending);
  }
  const seats = seated(stretches);
  const shown = seats.flatMap((seat) => {
    const own = cutToEachOther(seat.stretches).filter(
      ({ startMs, endMs }) => startMs < range.toMs && endMs > range.fromMs,
    );
    return own.length === 0 ? [] : [{ name: seat.name, stretches: own }];
  });
  const all = shown.flatMap((seat) => seat.stretches);
  if (all.length === 0) return { plan: undefined, pending: leftOut };
  const zeroMs = Math.max(range.fromMs, Math.min(...all.map(({ startMs }) => startMs)));
  const endMs = Math.min(range.toMs, Math.max(...all.map((one) => one.endMs)));
  const participants = shown
    .map(({ name, stretches: own }) => participantOf(name, own, zeroMs, endMs))
    .sort(inOrderOfArrival);
  return { plan: { zeroMs, durationMs: endMs - zeroMs, participants, leftOut }, pending: leftOut };
}

/** What a recording has, or may yet have, within the range. */
function stretchesIn(
  objects: RecordingObjects,
  { fromMs, toMs }: MergeRange,
): { readonly stretches: readonly Stretch[]; readonly pending: readonly MergeLeftOut[] } {
  const { job, outcome } = objects;
  const said = { recordingId: job.recordingId, streamName: job.stream.name };
  const stretches: Stretch[] = [];
  const pending: MergeLeftOut[] = [];
  let lastMs = Number.NEGATIVE_INFINITY;
  for (const part of placedParts(objects)) {
    const { open, found, zeroMs, endMs: placedEndMs } = part;
    const startMs = open.startTimeMs;
    const endMs = placedEndMs === undefined ? Number.POSITIVE_INFINITY : startMs + placedEndMs - zeroMs;
    lastMs = Math.max(lastMs, endMs);
    if (startMs >= toMs || endMs <= fromMs) continue;
    const durationMs = found.moved?.durationMs ?? found.final?.durationMs;
    if (found.moved === undefined || durationMs === undefined) {
      const reason = found.final === undefined ? 'being_recorded' : 'not_in_library';
      pending.push({ ...said, part: open.part, reason });
    } else stretches.push({ job, part, moved: found.moved, durationMs, startMs, endMs });
  }
  const mayGoOn = outcome === undefined && lastMs < toMs && job.requestedAtMs < toMs;
  if (mayGoOn && pending.length === 0) pending.push({ ...said, reason: 'being_recorded' });
  return { stretches, pending };
}

/**
 * One name is one participant, who may leave and return with another stream. Streams of one name that go on at the same
 * time are several.
 */
function seated(stretches: readonly Stretch[]): readonly Seat[] {
  const seats: Seat[] = [];
  for (const stretch of stretches.toSorted(inOrderOfTime)) {
    const name = stretch.job.stream.name;
    const known = seats.find((seat) => seat.name === name && takes(seat, stretch));
    if (known === undefined) seats.push({ name, stretches: [stretch] });
    else known.stretches.push(stretch);
  }
  return seats;
}

function takes({ stretches }: Seat, { job, startMs, endMs }: Stretch): boolean {
  return stretches.every(
    (one) =>
      // One stream, whose recording gave way to another, or whose parts lie side by side.
      one.job.mediaSessionId === job.mediaSessionId ||
      (one.endMs - startMs <= OVERLAP_MAX_MS && endMs > one.endMs),
  );
}

/** Of two that have the same time the later one has it; what is then left of the earlier one ends there. */
function cutToEachOther(stretches: readonly Stretch[]): readonly Stretch[] {
  return stretches.flatMap((stretch, place) => {
    const nextMs = Math.min(...stretches.slice(place + 1).map(({ startMs }) => startMs));
    const endMs = Math.min(stretch.endMs, nextMs);
    return endMs > stretch.startMs ? [{ ...stretch, endMs }] : [];
  });
}

function participantOf(
  name: string,
  stretches: readonly Stretch[],
  zeroMs: number,
  endMs: number,
): MergeParticipant {
  const login = stretches[0]?.job.stream.login;
  return {
    name,
    ...(login === undefined ? {} : { login }),
    pieces: stretches.map((stretch) => pieceOf(stretch, zeroMs, endMs)),
  };
}

function pieceOf(stretch: Stretch, zeroMs: number, mergeEndMs: number): MergePiece {
  const { job, part, moved, durationMs, startMs } = stretch;
  const endMs = Math.min(stretch.endMs, mergeEndMs);
  const shownFromMs = Math.max(0, startMs - zeroMs);
  const isWhole = endMs - startMs >= durationMs;
  return {
    recordingId: job.recordingId,
    attempt: part.open.attempt,
    part: part.open.part,
    bucket: moved.bucket,
    key: moved.key,
    ...(moved.versionId === undefined ? {} : { versionId: moved.versionId }),
    etag: moved.etag,
    bytes: moved.bytes,
    format: part.open.format,
    startTimeMs: startMs,
    durationMs,
    fromMs: zeroMs + shownFromMs - startMs,
    toMs: isWhole ? durationMs : endMs - startMs,
    shownFromMs,
    shownToMs: endMs - zeroMs,
    gaps: part.found.final?.gaps ?? [],
    tracks: part.open.tracks,
  };
}

function inOrderOfTime(one: Stretch, other: Stretch): number {
  return (
    one.startMs - other.startMs ||
    compare(one.job.recordingId, other.job.recordingId) ||
    one.part.open.attempt - other.part.open.attempt ||
    one.part.open.part - other.part.open.part
  );
}

function inOrderOfArrival(one: MergeParticipant, other: MergeParticipant): number {
  const [a, b] = [one.pieces[0], other.pieces[0]];
  return (
    (a?.startTimeMs ?? 0) - (b?.startTimeMs ?? 0) ||
    compare(one.name, other.name) ||
    compare(a?.recordingId ?? '', b?.recordingId ?? '')
  );
}

/** Of their code units, as S3 sorts keys: the same on every machine. */
const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
