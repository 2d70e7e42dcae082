import { looksLikePlaylist } from '../../../functions/core/hls/playlist.ts';

/** A live stream that can be cut into runs. */
export type LiveKind = 'flv' | 'ts';

const SYNC = 0x47;
const PACKET_BYTES = 188;
/** Who joins a transport stream in its middle may begin in the middle of a packet. */
const HEAD_BYTES = 4 * PACKET_BYTES;

/** `pictures`: JPEG after JPEG, none of which says its time. `nothing`: there is too little of it to tell. */
export type KindOfStream = LiveKind | 'playlist' | 'pictures' | 'other' | 'nothing';

/** What cameras push to browsers: parts of a message, each a picture with a head. */
const PICTURES = /^\s*--[^\r\n]+\r?\n(?:[\w-]+:[^\n]*\n)*?content-type: *image\/jpe?g/i;

/** @returns undefined while more of it must be seen */
export function kindOfStream(head: Buffer, isAll: boolean): KindOfStream | undefined {
  if (head.toString('latin1', 0, 3) === 'FLV') return 'flv';
  if (looksLikePlaylist(head)) return 'playlist';
  if (isTransportStream(head)) return 'ts';
  if (PICTURES.test(head.toString('latin1', 0, HEAD_BYTES))) return 'pictures';
  if (head.length >= HEAD_BYTES) return 'other';
  return isAll ? 'nothing' : undefined;
}

function isTransportStream(head: Buffer): boolean {
  for (let at = 0; at < PACKET_BYTES; at++) {
    if (head[at] === SYNC && head[at + PACKET_BYTES] === SYNC && head[at + 2 * PACKET_BYTES] === SYNC)
      return true;
  }
  return false;
}
