import { invertedTime, recordingIdTimeMs } from '../state/ids.ts';
import { keySegment } from '../state/keys.ts';

export const MERGES_PREFIX = 'state/merges/';
/** All state objects of one merge are below it; those of its result are those of a recording. */
export const mergePrefix = (mergeId: string): string => `${MERGES_PREFIX}${mergeId}/`;
export const mergeKey = (
  mergeId: string,
  file: 'job' | 'plan' | 'progress' | 'cancel' | 'failure' | 'outcome',
): string => `${mergePrefix(mergeId)}${file}.json`;

/** Merges that are not settled, a marker each; reconcile goes by them. */
export const MERGE_MARKERS_PREFIX = 'state/merging/';
export const mergeMarkerKey = (mergeId: string): string => `${MERGE_MARKERS_PREFIX}${mergeId}`;
/** The reverse of `mergeMarkerKey`. */
export const mergeIdOfMarker = (key: string): string => key.slice(MERGE_MARKERS_PREFIX.length);

/** The merges of a room, newest first. */
export const roomMergesPrefix = (room: string): string => `state/rooms/merges/${keySegment(room)}/`;
export const roomMergeKey = (room: string, mergeId: string): string =>
  `${roomMergesPrefix(room)}${invertedTime(recordingIdTimeMs(mergeId))}-${mergeId}`;
