import type { IndexedContainer } from '../media/fragmentIndex/types.ts';
import { alignedParts } from '../state/alignedParts.ts';
import type { RecordingObjects } from '../state/fold.ts';
import type { FinalPart, MovedPart, OpenPart } from '../state/partObjects.ts';

/** Why a recording, or a part of it, cannot be played as a stream. Its records can be downloaded all the same. */
export const NOT_PLAYABLE = {
  container: 'HLS carries neither WebM nor Matroska: play or download the records themselves.',
  codec: 'Players know no HLS of this codec: play or download the records themselves.',
  index:
    'It was recorded by a version that kept no index of fragments: play or download the records themselves.',
  tracks: 'Its tracks lie together, so that no player can be given one of several: download the records.',
  room: 'It has tracks of its own for each participant of a room, of which HLS would play one: download it, or merge the room as a grid.',
} as const;
export type NotPlayable = keyof typeof NOT_PLAYABLE;

const CODECS: ReadonlySet<string> = new Set(['h264', 'hevc', 'av1', 'aac', 'opus']);

/** A part that a player can be given. */
export interface PlayablePart {
  readonly open: OpenPart;
  readonly final: FinalPart;
  readonly moved: MovedPart;
  readonly container: IndexedContainer;
  /** A later part goes on from here, in this part's media time. */
  readonly untilMs: number;
}

export interface Playable {
  /** In the order in which they are played, all of one container. */
  readonly parts: readonly PlayablePart[];
  /** Why there is none. */
  readonly reason: NotPlayable | undefined;
}

/** What of a recording that has ended can be played; undefined while it goes on, or nothing of it is in the library. */
export function playableOf(objects: RecordingObjects): Playable | undefined {
  if (objects.outcome === undefined) return undefined;
  if (objects.job.merge?.layout === 'tracks') return { parts: [], reason: 'room' };
  const found = [...alignedParts(objects)].sort(([a], [b]) => a - b).map(([, part]) => part);
  const available = found.flatMap(({ open, final, moved, hasIndex }) =>
    open === undefined || final === undefined || moved === undefined
      ? []
      : [{ open, final, moved, reason: reasonOf(open, hasIndex) }],
  );
  if (available.length === 0) return undefined;
  const [first] = available.filter(({ reason }) => reason === undefined);
  if (first === undefined) return { parts: [], reason: available[0]?.reason };
  // Nothing in a list says that what follows needs no init segment any more.
  const alike = available.filter(
    ({ open, reason }) => reason === undefined && open.format === first.open.format,
  );
  return { parts: inPlayingOrder(alike), reason: undefined };
}

/** Why what goes on cannot be watched, or cannot yet; undefined where it can. */
export function livePlayable({ job, parts }: RecordingObjects): NotPlayable | 'not yet' | undefined {
  const [first] = [...parts].sort(([a], [b]) => a - b);
  const open = first?.[1].open;
  if (open === undefined || job.settings.liveWindowMs === 0) return 'not yet';
  const reason = unplayable(open);
  if (reason !== undefined) return reason;
  // One of a version that said nothing for players.
  return open.format === 'mp4' && open.init === undefined ? 'not yet' : undefined;
}

function reasonOf(open: OpenPart, hasIndex: boolean | undefined): NotPlayable | undefined {
  return unplayable(open) ?? (hasIndex === true ? undefined : 'index');
}

function unplayable(open: OpenPart): NotPlayable | undefined {
  if (open.format !== 'mp4' && open.format !== 'ts') return 'container';
  const watched = ['video', 'audio'].map((kind) => open.tracks.find((track) => track.kind === kind));
  const isKnown = watched.every((track) => track === undefined || CODECS.has(track.codec));
  return open.format === 'mp4' && !isKnown ? 'codec' : undefined;
}

/**
 * Where one attempt took over from another, both have what was in between: the earlier one is played up to where the
 * later one begins.
 */
function inPlayingOrder(
  parts: readonly Omit<PlayablePart, 'container' | 'untilMs'>[],
): readonly PlayablePart[] {
  return parts
    .toSorted((one, other) => one.open.attempt - other.open.attempt || one.open.part - other.open.part)
    .flatMap(({ open, final, moved }) => {
      const later = parts.filter((part) => part.open.attempt > open.attempt);
      const takenOverMs = Math.min(...later.map((part) => part.open.startTimeMs));
      const untilMs = takenOverMs - open.startTimeMs;
      return untilMs > 0
        ? [{ open, final, moved, container: open.format === 'ts' ? 'ts' : 'mp4', untilMs } as const]
        : [];
    });
}
