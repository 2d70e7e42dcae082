import { invertedTime, recordingIdTimeMs } from '../state/ids.ts';
import { keySegment } from '../state/keys.ts';

export const MERGES_PREFIX = 'state/rooms/mergeJobs/';
/** All state objects of one merge are below it; those of its result are those of a recording. */
export const mergePrefix = (mergeId: string): string => `${MERGES_PREFIX}${mergeId}/`;
export const mergeKey = (
  mergeId: string,
  file: 'job' | 'plan' | 'launch' | 'progress' | 'cancel' | 'refused' | 'failure' | 'outcome',
): string => `${mergePrefix(mergeId)}${file}.json`;

/** Merges that are not settled, a marker each; reconcile goes by them. */
export const MERGE_MARKERS_PREFIX = 'state/rooms/merging/';
export const mergeMarkerKey = (mergeId: string): string => `${MERGE_MARKERS_PREFIX}${mergeId}`;
/** The reverse of `mergeMarkerKey`. */
export const mergeIdOfMarker = (key: string): string => key.slice(MERGE_MARKERS_PREFIX.length);

/** All merges, newest first. */
export const MERGES_INDEX_PREFIX = 'state/rooms/mergeIndex/';
export const mergeIndexKey = (mergeId: string): string =>
  `${MERGES_INDEX_PREFIX}${invertedTime(recordingIdTimeMs(mergeId))}-${mergeId}`;

/** The merges of a room, newest first. */
export const roomMergesPrefix = (room: string): string => `state/rooms/merges/${keySegment(room)}/`;
export const roomMergeKey = (room: string, mergeId: string): string =>
  `${roomMergesPrefix(room)}${invertedTime(recordingIdTimeMs(mergeId))}-${mergeId}`;
