import { parsePlaylist } from '../../../functions/core/hls/parsePlaylist.ts';
import {
  looksLikePlaylist,
  NotPlaylistError,
  type Playlist,
  PlaylistError,
  type Variables,
} from '../../../functions/core/hls/playlist.ts';
import { HttpFault, type JudgedHttp } from '../reach/judgedHttp.ts';

/** A day of segments of one second, each with a date: more is read by no player every few seconds. */
const PLAYLIST_MAX_BYTES = 8 * 1024 * 1024;
/** A server that sends a playlist drop by drop is never done. */
const LOAD_MAX_MS = 30_000;
const HEAD_BYTES = 64;
const LINE_END = 0x0a;

export interface LoadedPlaylist {
  /** What its URIs are relative to. */
  readonly url: string;
  readonly playlist: Playlist;
  /** To see whether it has changed. */
  readonly text: string;
}

export interface PlaylistAddress {
  readonly url: string;
  /** Of the playlist of variants that led to it: it may ask for them. */
  readonly variables?: Variables | undefined;
}

/**
 * Loads a playlist, as far as one may be long.
 * @param last parsed before: the same text from the same address is not parsed again
 * @throws PlaylistError; HttpFault; ForbiddenSourceError
 */
export async function loadPlaylist(
  http: Pick<JudgedHttp, 'get'>,
  address: PlaylistAddress,
  signal: AbortSignal,
  last?: LoadedPlaylist,
): Promise<LoadedPlaylist> {
  const { url, body } = await http.get(address.url, { signal });
  const text = (await wholeBody(body)).toString('utf8');
  if (last?.text === text && last.url === url) return last;
  return { url, playlist: parsePlaylist(text, { url, imported: address.variables }), text };
}

/** @throws PlaylistError; HttpFault */
async function wholeBody(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const untilMs = performance.now() + LOAD_MAX_MS;
  const chunks: Buffer[] = [];
  let bytes = 0;
  let isChecked = false;
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (!isChecked && bytes >= HEAD_BYTES) {
        isChecked = true;
        if (!looksLikePlaylist(Buffer.concat(chunks))) throw new NotPlaylistError();
      }
      if (bytes > PLAYLIST_MAX_BYTES) {
        throw new PlaylistError(`has a playlist of more than ${PLAYLIST_MAX_BYTES / 1024 / 1024} MiB`);
      }
      if (performance.now() > untilMs) {
        throw new PlaylistError(`did not send its playlist within ${LOAD_MAX_MS / 1_000} s`);
      }
    }
  } catch (error) {
    // Some servers say a wrong length, or none. What a list lacks behind a line is in the next one.
    if (!(error instanceof HttpFault) || !error.isCut || chunks.at(-1)?.at(-1) !== LINE_END) throw error;
  }
  const whole = Buffer.concat(chunks);
  if (!looksLikePlaylist(whole)) throw new NotPlaylistError();
  return whole;
}
