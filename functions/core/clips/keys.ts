import { recordingPrefix } from '../state/keys.ts';

/** All clips of a recording, in the order in which they were asked for. */
export const clipsPrefix = (recordingId: string): string => `${recordingPrefix(recordingId)}clips/`;
export const clipKey = (recordingId: string, clipId: string): string =>
  `${clipsPrefix(recordingId)}${clipId}.json`;

/** Clips that are not settled, a marker each; reconcile goes by them. */
export const CLIP_MARKERS_PREFIX = 'state/clips/';
export const clipMarkerKey = (recordingId: string, clipId: string): string =>
  `${CLIP_MARKERS_PREFIX}${recordingId}/${clipId}`;
/** The reverse; undefined for a key that is none of ours. */
export function parseClipMarkerKey(
  key: string,
): { readonly recordingId: string; readonly clipId: string } | undefined {
  const [, recordingId, clipId] = /^state\/clips\/([^/]+)\/([^/]+)$/.exec(key) ?? [];
  return recordingId === undefined || clipId === undefined ? undefined : { recordingId, clipId };
}
