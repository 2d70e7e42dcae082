import { type FlvMedia, saidByBody } from '../../../functions/core/media/flv/enhanced.ts';
import { AUDIO, COMMAND, PACKET, VIDEO } from '../../../functions/core/media/flv/tagLayout.ts';

/** A message as node-media-server passes it on: `flags` are what it takes it for. */
export interface PassedOn {
  /** As FLV's tags have it. */
  readonly codec_type: number;
  flags: number;
  /** The message's body is at its beginning. */
  readonly data: Buffer;
  readonly size: number;
}

/** What it says to whoever joins later, ahead of its cache. */
export interface Headers {
  rtmpAudioHeader: Buffer | null;
  rtmpVideoHeader: Buffer | null;
}

/** How it calls them. */
const FLAGS = { audioHeader: 0, audio: 1, videoHeader: 2, key: 3, inter: 4, uncached: 6 } as const;
const KEY_FRAME = 1;
/** No publisher has more to say. */
const KEPT_MAX = 64;

/**
 * What one publisher says once, of all tracks: node-media-server knows configurations of H.264 and AAC, and of what enhanced
 * RTMP had at first. All else it takes for sound's configuration (modifiers, several tracks, codecs that FLV had before), or
 * for a picture (HEVC as the twelfth codec), so that whoever joins later gets none.
 */
export class SaidOnce {
  readonly #headers: Readonly<Record<FlvMedia, Map<string, Buffer>>> = { audio: new Map(), video: new Map() };
  #firstPictures = Number.POSITIVE_INFINITY;

  /** @param pass gives it to all who play, and keeps it for who will, by its flags */
  passOn(packet: PassedOn, headers: Headers, pass: () => void): void {
    const kind = packet.codec_type === VIDEO ? 'video' : packet.codec_type === AUDIO ? 'audio' : undefined;
    const body = packet.data.subarray(0, packet.size);
    if (kind === undefined || body.length < 2) {
      pass();
      return;
    }
    const said = saidByBody(kind, body);
    const place = kind === 'video' ? 'rtmpVideoHeader' : 'rtmpAudioHeader';
    packet.flags = kind === 'video' ? this.#ofPictures(body, said) : ofSound(said.type);
    pass();
    if (packet.flags !== FLAGS.videoHeader && packet.flags !== FLAGS.audioHeader) return;
    const own = headers[place];
    if (own === null) return;
    if (this.#headers[kind].size >= KEPT_MAX) this.#headers[kind].clear();
    this.#headers[kind].set(`${said.type} ${said.tracks}`, own);
    headers[place] = Buffer.concat([...this.#headers[kind].values()]);
  }

  /** A cache begins with a keyframe of the first track: those of others are wherever they like. */
  #ofPictures(
    body: Buffer,
    { type, tracks }: { readonly type: number; readonly tracks: readonly number[] },
  ): number {
    const frame = ((body[0] ?? 0) >> 4) & 7;
    if (type === PACKET.metadata) return FLAGS.videoHeader;
    if (frame === COMMAND || type === PACKET.sequenceEnd) return FLAGS.uncached;
    if (type === PACKET.sequenceStart || type === PACKET.transportStart) return FLAGS.videoHeader;
    this.#firstPictures = Math.min(this.#firstPictures, ...tracks);
    return frame === KEY_FRAME && tracks.includes(this.#firstPictures) ? FLAGS.key : FLAGS.inter;
  }
}

function ofSound(type: number): number {
  if (type === PACKET.codedFrames) return FLAGS.audio;
  const isHeader = type === PACKET.sequenceStart || type === PACKET.multichannel;
  return isHeader ? FLAGS.audioHeader : FLAGS.uncached;
}
