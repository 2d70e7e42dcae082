import type { InitSegment } from './initSegment.ts';

/** The tracks that a player gets: the first of pictures and the first of sound. */
export function watchedIds({ tracks }: Pick<InitSegment, 'tracks'>): ReadonlySet<number> {
  const first = (kind: 'video' | 'audio') => tracks.find(({ info }) => info.kind === kind);
  return new Set(
    [first('video'), first('audio')].flatMap((track) => (track === undefined ? [] : [track.id])),
  );
}
