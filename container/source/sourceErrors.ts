import type { EndCode, Reason } from '../../functions/core/state/objects.ts';

/** ffmpeg's words for why a source did not open, the most telling first; exit codes are 1 for all of them. */
const CAUSES: readonly (readonly [RegExp, EndCode, string])[] = [
  [
    /401 Unauthorized|403 Forbidden|Unauthorized|authentication failed/i,
    'source_unauthorised',
    'The source asks for other credentials.',
  ],
  [
    /404 Not Found|No such stream|StreamNotFound|NetStream\.Play\.Failed|Stream not found/i,
    'source_not_found',
    'The source has no such stream.',
  ],
  [/Connection refused/i, 'source_refused', 'Nothing listens at the source address.'],
  [
    /Failed to resolve hostname|Name or service not known|Temporary failure in name resolution/i,
    'source_unresolvable',
    'The host name of the source cannot be resolved.',
  ],
  [
    /Connection timed out|Operation timed out|timed out/i,
    'source_timed_out',
    'The source did not answer in time.',
  ],
  [
    /Invalid data found when processing input|could not find codec parameters|Unknown input format|Format not on /i,
    'source_not_media',
    'The source sends something else than audio and video.',
  ],
  [
    /does not contain any stream|Output file #0 does not contain|matches no streams/i,
    'source_empty',
    'The source has neither video nor audio.',
  ],
];

/** Why ffmpeg ended without one fragment. @param lines of its stderr, errors and warnings */
export function openingFailure(lines: readonly string[], timedOut: boolean): Reason {
  for (const [pattern, code, message] of CAUSES) {
    if (lines.some((line) => pattern.test(line))) return { code, message };
  }
  return timedOut
    ? { code: 'source_timed_out', message: 'The source sent no frame in time.' }
    : { code: 'source_empty', message: 'The source ended before its first frame.' };
}
