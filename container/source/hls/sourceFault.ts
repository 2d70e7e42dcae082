import { ForbiddenSourceError } from '../../../functions/aws/dnsResolution.ts';
import { PlaylistError } from '../../../functions/core/hls/playlist.ts';
import { HttpFault } from '../reach/judgedHttp.ts';

/** The stream is lost: it may come back. The message follows "The source". */
export class LostStreamError extends Error {
  override readonly name = 'LostStreamError';
}

export const isSourceFault = (error: unknown): error is Error =>
  [HttpFault, PlaylistError, LostStreamError, ForbiddenSourceError].some((kind) => error instanceof kind);

/** A fault as a sentence; those of HTTP in ffmpeg's words, by which they are known. */
export function complaintOfHls(error: Error): string {
  return error instanceof HttpFault ? error.message : `The source ${error.message}.`;
}
