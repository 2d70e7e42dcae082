import type { TableName } from '../fragmentIndex/samples.ts';
import type { PieceTrack } from './assembledTrack.ts';
import { type Selection, selectPictures, selectSound } from './selection.ts';
import { type Cut, type TimedSample, type TrackCut, timedSamples } from './trackCut.ts';

export type Tables = Readonly<Record<TableName, Buffer>>;

export interface ReadCut {
  readonly cut: TrackCut;
  readonly tables: Tables;
}

/** What is taken of a part. */
export interface Choice {
  readonly tracks: readonly PieceTrack[];
  /** What is shown of it, in its media time. */
  readonly startMs: number;
  readonly endMs: number;
  /** Of the record: what all of its tracks need. */
  readonly fromByte: number;
  readonly endByte: number;
}

/** A first picture that comes later than this is no reason to begin with it. */
const PICTURE_WAITED_FOR_MS = 1_000;

/**
 * What a piece has of each track. Where it is cut, it begins with a picture, and the sound with it.
 * @param isLastPiece nothing follows: what is shown last is cut exactly
 * @returns undefined where nothing is shown
 */
export function choose(cuts: readonly ReadCut[], cut: Cut, isLastPiece: boolean): Choice | undefined {
  const of = (kind: 'video' | 'audio'): readonly ReadCut[] =>
    cuts.filter(({ cut: { track } }) => track.kind === kind);
  const chosen = (
    read: readonly ReadCut[],
    select: (samples: Iterable<TimedSample>) => Selection | undefined,
  ): PieceTrack[] =>
    read.flatMap((one) => {
      const samples = (): Iterable<TimedSample> => timedSamples(one.cut, one.tables);
      const selection = select(samples());
      return selection === undefined ? [] : [{ track: one.cut.track, selection, samples }];
    });
  const pictures = chosen(of('video'), (samples) => selectPictures(samples, cut));
  const pictureMs = Math.min(...pictures.map(({ selection }) => selection.startMs));
  const beginsWithPicture = pictureMs - cut.fromMs <= PICTURE_WAITED_FOR_MS;
  const fromMs = beginsWithPicture ? pictureMs : cut.fromMs;
  const sound = chosen(of('audio'), (samples) => selectSound(samples, { ...cut, fromMs }, isLastPiece));
  const tracks = [...pictures, ...sound];
  if (tracks.length === 0) return undefined;
  const selections = tracks.map(({ selection }) => selection);
  return {
    tracks,
    startMs: beginsWithPicture ? pictureMs : Math.min(...selections.map(({ startMs }) => startMs)),
    endMs: Math.max(...selections.map(({ endMs }) => endMs)),
    fromByte: Math.min(...selections.map(({ fromByte }) => fromByte)),
    endByte: Math.max(...selections.map(({ endByte }) => endByte)),
  };
}
