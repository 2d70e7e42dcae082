import { parsePlaylist } from '../../../functions/core/hls/parsePlaylist.ts';
import {
  looksLikePlaylist,
  NotPlaylistError,
  type Playlist,
  PlaylistError,
  type Variables,
} from '../../../functions/core/hls/playlist.ts';
import type { JudgedHttp } from '../reach/judgedHttp.ts';

/** A day of segments of one second, each with a date: more is read by no player every few seconds. */
const PLAYLIST_MAX_BYTES = 8 * 1024 * 1024;
/** A server that sends a playlist drop by drop is never done. */
const LOAD_MAX_MS = 30_000;
const HEAD_BYTES = 64;

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
  const answer = await http.get(address.url, { signal });
  const untilMs = performance.now() + LOAD_MAX_MS;
  const chunks: Buffer[] = [];
  let bytes = 0;
  let isChecked = false;
  for await (const chunk of answer.body) {
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
  const body = Buffer.concat(chunks);
  if (!looksLikePlaylist(body)) throw new NotPlaylistError();
  const text = body.toString('utf8');
  const { url } = answer;
  if (last?.text === text && last.url === url) return last;
  return { url, playlist: parsePlaylist(text, { url, imported: address.variables }), text };
}
