/** A piece of what goes over an RTSP connection, whole. */
export interface RtspPiece {
  /** First line and headers of a message; undefined: media, of one packet or more, or a part of one, or what is neither. */
  readonly head: string | undefined;
  readonly bytes: Buffer;
}

const MEDIA = 0x24;
const MEDIA_HEAD_BYTES = 4;
const NEW_LINE = 0x0a;
const LINE_LOOKED_AT_BYTES = 24;
export const END_OF_HEAD = '\r\n\r\n';
/** Descriptions have a few hundred bytes. */
const MESSAGE_MAX_BYTES = 64 * 1024;

/** Tells messages and media apart that go over one connection (RFC 2326, 10.12). */
export class RtspPieces {
  /** Of a message, or of a packet's head, that is not whole yet. */
  #rest: Buffer = Buffer.alloc(0);
  /** Of the present packet of media. */
  #left = 0;

  /** Takes what comes next. @throws RangeError a message that has no end */
  push(chunk: Buffer): RtspPiece[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const pieces: RtspPiece[] = [];
    let at = 0;
    let mediaFrom = 0;
    const endMedia = (): void => {
      if (at > mediaFrom) pieces.push({ head: undefined, bytes: bytes.subarray(mediaFrom, at) });
    };
    while (at < bytes.length) {
      if (this.#left > 0) {
        const length = Math.min(this.#left, bytes.length - at);
        this.#left -= length;
        at += length;
      } else if (bytes[at] === MEDIA) {
        if (bytes.length - at < MEDIA_HEAD_BYTES) break;
        this.#left = MEDIA_HEAD_BYTES + bytes.readUInt16BE(at + 2);
      } else if (!mayBeMessage(bytes.subarray(at))) {
        at = endOfGarbage(bytes, at);
      } else {
        endMedia();
        const message = messageAt(bytes.subarray(at));
        mediaFrom = at;
        if (message === undefined) break;
        pieces.push(message);
        at += message.bytes.length;
        mediaFrom = at;
      }
    }
    endMedia();
    this.#rest = Buffer.from(bytes.subarray(at));
    if (this.#rest.length > MESSAGE_MAX_BYTES) throw new RangeError('a message of RTSP has no end');
    return pieces;
  }
}

/** A line begins with a method, or with the protocol; of what has come of it so far. */
const mayBeMessage = (bytes: Buffer): boolean =>
  /^\s*(?:[A-Z_]{0,24}$|[A-Z_]{3,24}[ /])/.test(bytes.toString('latin1', 0, LINE_LOOKED_AT_BYTES));

/** Cameras say lengths that are wrong: ffmpeg looks for the next line by itself, or for the next packet. */
function endOfGarbage(bytes: Buffer, from: number): number {
  for (let at = from + 1; at < bytes.length; at++)
    if (bytes[at] === MEDIA || bytes[at - 1] === NEW_LINE) return at;
  return bytes.length;
}

/** @returns undefined: it is not whole yet */
function messageAt(bytes: Buffer): RtspPiece | undefined {
  const end = bytes.indexOf(END_OF_HEAD);
  if (end < 0) return undefined;
  const head = bytes.toString('latin1', 0, end);
  const bodyBytes = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
  const length = end + END_OF_HEAD.length + bodyBytes;
  return bytes.length < length ? undefined : { head, bytes: bytes.subarray(0, length) };
}
