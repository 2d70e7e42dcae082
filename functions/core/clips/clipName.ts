import { collisionKey, encodeName, libraryKey } from '../names/index.ts';
import { partNameValues } from '../names/recordNames.ts';
import { encodeMetadata } from '../relocation/metadata.ts';
import type { Job } from '../state/objects.ts';
import type { OpenPart } from '../state/partObjects.ts';
import type { Clip } from './clip.ts';

const EXTENSION = 'mp4';

/**
 * The keys that a clip may have in the library, where the recording's records are: the name that was asked for, or that of
 * its first part with what was cut; where another object has it, the same with the clip's own id.
 * @param startTimeMs wall clock of its first frame
 */
export function clipNames(
  job: Job,
  open: OpenPart,
  { clipId, kind, name, fromMs, toMs }: Pick<Clip, 'clipId' | 'kind' | 'name' | 'fromMs' | 'toMs'>,
  startTimeMs: number,
): readonly [string, string] {
  const rules = job.settings.names;
  const own = open.fileName.replace(/\.[^.]*$/, '');
  const cut = kind === 'join' ? 'joined' : `clip-${Math.round(fromMs)}-${Math.round(toMs)}`;
  const stem = name === undefined ? `${own}-${cut}` : encodeName(name.replace(/\.mp4$/i, ''), rules.encoding);
  const values = { ...partNameValues(job, open), startTimeMs };
  const key = libraryKey(values, rules, `${stem}.${EXTENSION}`, EXTENSION).name;
  return [key, collisionKey(key, { recordingId: clipId, part: 1, rotated: false }, rules)];
}

/** What a clip in the library says about itself. No record has a `clip-id`, and no clip a `part`. */
export function clipMetadata(
  job: Job,
  { clipId }: Pick<Clip, 'clipId'>,
  { durationMs }: { readonly durationMs: number },
): Record<string, string> {
  return encodeMetadata([
    ['recording-id', job.recordingId],
    ['clip-id', clipId],
    ['duration-ms', String(Math.round(durationMs))],
    ['media-session-id', job.mediaSessionId],
    ['stream-name', job.stream.name],
  ]);
}

export function isClip(
  metadata: Readonly<Record<string, string>> | undefined,
  { recordingId, clipId }: Pick<Clip, 'recordingId' | 'clipId'>,
): boolean {
  return metadata?.['recording-id'] === recordingId && metadata['clip-id'] === clipId;
}
