import { type Cell, gridCells } from './grid.ts';
import type { MergeParticipant, MergePicture, MergePiece, MergePlan } from './merge.ts';

/** A participant's record, from where the scene begins. */
export interface SceneInput {
  readonly piece: MergePiece;
  /** Of the record's own media time. */
  readonly fromMs: number;
  readonly hasSound: boolean;
  /** Where its picture is shown; undefined for sound alone. */
  readonly cell: Cell | undefined;
}

/** Who a cell belongs to: also where he is away for a moment, or has no picture. */
export interface SceneSeat {
  readonly name: string;
  readonly cell: Cell;
}

/** A stretch of the merge in which nobody comes or goes. In frames since the merge's zero. */
export interface Scene {
  readonly firstFrame: number;
  readonly frames: number;
  readonly inputs: readonly SceneInput[];
  readonly seats: readonly SceneSeat[];
}

/** Who is away for so long keeps his cell: a file that ends and the next one, a source that was reconnected. */
export const SEAT_KEPT_MS = 1_000;
/** No scene is longer: what goes wrong in one is tried again from a point near by. */
export const SCENE_MAX_MS = 600_000;

/** Frames in which a participant is there with this piece. */
interface Span {
  readonly first: number;
  readonly end: number;
  readonly piece: MergePiece;
}

interface Attendance {
  readonly participant: MergeParticipant;
  readonly spans: readonly Span[];
}

export const frameAt = (ms: number, fps: number): number => Math.round((ms * fps) / 1_000);
const hasTrack = ({ tracks }: MergePiece, kind: 'video' | 'audio'): boolean =>
  tracks.some((track) => track.kind === kind);

/**
 * The merge, cut where somebody comes or goes: scenes without holes from its first frame to its last one. Whoever has a
 * picture then has a cell, in the order of the participants; where there is sound alone, those who are heard do.
 */
export function scenesOf(plan: MergePlan, picture: Pick<MergePicture, 'width' | 'height' | 'fps'>): Scene[] {
  const { fps } = picture;
  const frames = Math.max(1, frameAt(plan.durationMs, fps));
  const there = plan.participants.map((participant) => ({
    participant,
    spans: spansOf(participant, fps, frames),
  }));
  const cuts = new Set([0, frames]);
  for (const { first, end } of there.flatMap(({ spans }) => keptSpans(spans, fps))) {
    cuts.add(first);
    cuts.add(end);
  }
  for (const { first, end } of there.flatMap(({ spans }) => spans)) {
    cuts.add(first);
    cuts.add(end);
  }
  const ordered = [...cuts].sort((one, other) => one - other);
  const longest = frameAt(SCENE_MAX_MS, fps);
  return ordered.slice(0, -1).flatMap((first, place) => {
    const end = ordered[place + 1] ?? frames;
    const count = Math.ceil((end - first) / longest);
    return Array.from({ length: count }, (_, turn) => {
      const firstFrame = first + turn * longest;
      return sceneOf(there, firstFrame, Math.min(end, firstFrame + longest), picture);
    });
  });
}

/** What a scene still has to show where it is begun again in its middle. */
export function restOfScene(scene: Scene, doneFrames: number, fps: number): Scene {
  return {
    ...scene,
    firstFrame: scene.firstFrame + doneFrames,
    frames: scene.frames - doneFrames,
    inputs: scene.inputs.map((input) => ({ ...input, fromMs: input.fromMs + (doneFrames * 1_000) / fps })),
  };
}

function sceneOf(
  there: readonly Attendance[],
  firstFrame: number,
  end: number,
  picture: Pick<MergePicture, 'width' | 'height' | 'fps'>,
): Scene {
  const covers = ({ first, end: spanEnd }: Span): boolean => first <= firstFrame && spanEnd >= end;
  const present = there.flatMap(({ participant, spans }) => {
    const span = spans.find(covers);
    const seat = keptSpans(spans, picture.fps).find(covers);
    return span === undefined && seat === undefined ? [] : [{ participant, span, seat }];
  });
  const seen = present.filter(({ seat }) => seat !== undefined);
  const seated = seen.length > 0 ? seen : present;
  const cells = gridCells(seated.length, picture);
  const seats = seated.map(({ participant }, place) => ({
    name: participant.name,
    cell: cells[place] as Cell,
  }));
  const inputs = present.flatMap((one): SceneInput[] => {
    const { span } = one;
    if (span === undefined) return [];
    const { piece } = span;
    const cell = hasTrack(piece, 'video') ? seats[seated.indexOf(one)]?.cell : undefined;
    const hasSound = hasTrack(piece, 'audio');
    if (cell === undefined && !hasSound) return [];
    const shownMs = (firstFrame * 1_000) / picture.fps - piece.shownFromMs;
    return [{ piece, fromMs: Math.max(0, piece.fromMs + shownMs), hasSound, cell }];
  });
  return { firstFrame, frames: end - firstFrame, inputs, seats };
}

/** When a participant has media, in the order of time. */
function spansOf({ pieces }: MergeParticipant, fps: number, frames: number): Span[] {
  return pieces.flatMap((piece) => {
    const away = piece.gaps.filter(({ durationMs }) => durationMs > SEAT_KEPT_MS);
    const spans: Span[] = [];
    let fromMs = piece.fromMs;
    const push = (toMs: number): void => {
      const shown = (ms: number): number =>
        Math.min(frames, frameAt(piece.shownFromMs + ms - piece.fromMs, fps));
      const [first, end] = [shown(fromMs), shown(Math.min(toMs, piece.toMs))];
      if (end > first) spans.push({ first, end, piece });
    };
    for (const { atMs, durationMs } of away.toSorted((one, other) => one.atMs - other.atMs)) {
      push(atMs);
      fromMs = Math.max(fromMs, atMs + durationMs);
    }
    push(piece.toMs);
    return spans;
  });
}

/** When a participant has a cell for his picture: he keeps it where he is away for a moment. */
function keptSpans(spans: readonly Span[], fps: number): Span[] {
  const kept: Span[] = [];
  for (const span of spans.filter(({ piece }) => hasTrack(piece, 'video'))) {
    const last = kept.at(-1);
    if (last !== undefined && span.first - last.end <= frameAt(SEAT_KEPT_MS, fps))
      kept[kept.length - 1] = { ...last, end: Math.max(last.end, span.end) };
    else kept.push(span);
  }
  return kept;
}
