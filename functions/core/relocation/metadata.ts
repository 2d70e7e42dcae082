import type { NameResult } from '../names/index.ts';
import type { Job } from '../state/objects.ts';
import type { FinalPart, OpenPart } from '../state/partObjects.ts';

/**
 * What a record in the library says about itself, as S3 user metadata. S3 takes ASCII and 2 KB there (keys and
 * values together; the header's prefix is counted too, to be on the safe side). Values are percent-encoded UTF-8,
 * as by encodeURIComponent, so any Unicode survives the trip and every HTTP client leaves it alone.
 */
const MAX_BYTES = 2048;
const HEADER_PREFIX = 'x-amz-meta-';
const OMITTED_KEY = 'omitted';

/**
 * The metadata of one record. The least important of what does not fit is left out whole, named in `omitted`; it
 * is in the state objects, under the recording's id.
 */
export function recordMetadata(
  job: Pick<Job, 'recordingId' | 'mediaSessionId' | 'stream'>,
  open: Pick<OpenPart, 'part' | 'tracks'>,
  final: Pick<FinalPart, 'startTimeMs' | 'endTimeMs' | 'durationMs' | 'recovered'> & {
    readonly complete?: boolean;
  },
  named?: Pick<NameResult, 'trimmed' | 'whole'>,
): Record<string, string> {
  const codec = (kind: 'audio' | 'video'): string | undefined =>
    open.tracks.find((track) => track.kind === kind)?.codec;
  return encodeMetadata([
    ['recording-id', job.recordingId],
    ['part', String(open.part)],
    ['start-time', String(final.startTimeMs)],
    ['end-time', String(final.endTimeMs)],
    ['duration-ms', String(Math.round(final.durationMs))],
    ['video-codec', codec('video')],
    ['audio-codec', codec('audio')],
    ['recovered', String(final.recovered)],
    ['complete', final.complete === undefined ? undefined : String(final.complete)],
    ['name-trimmed', named === undefined ? undefined : String(named.trimmed)],
    ['media-session-id', job.mediaSessionId],
    ['stream-name', job.stream.name],
    ['whole-name', named?.trimmed === true ? named.whole : undefined],
  ]);
}

/** Encodes entries, the most important first; what is undefined is not there. */
export function encodeMetadata(
  entries: readonly (readonly [key: string, value: string | undefined])[],
): Record<string, string> {
  const given = entries.flatMap(([key, value]) =>
    value === undefined ? [] : [[key, encodeURIComponent(value.toWellFormed())] as const],
  );
  const reservedBytes = sizeOf(OMITTED_KEY, given.map(([key]) => key).join(','));
  let leftBytes = MAX_BYTES - reservedBytes;
  const metadata: Record<string, string> = {};
  const omitted: string[] = [];
  for (const [key, value] of given) {
    const bytes = sizeOf(key, value);
    if (bytes > leftBytes) {
      omitted.push(key);
      continue;
    }
    leftBytes -= bytes;
    metadata[key] = value;
  }
  if (omitted.length > 0) metadata[OMITTED_KEY] = omitted.join(',');
  return metadata;
}

/** The reverse. A value that is no encoding of ours is left as it is. */
export function decodeMetadata(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, decodeValue(value)]));
}

function decodeValue(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch (error) {
    if (error instanceof URIError) return value;
    throw error;
  }
}

/** ASCII only, so characters are bytes. */
function sizeOf(key: string, value: string): number {
  return HEADER_PREFIX.length + key.length + value.length;
}
