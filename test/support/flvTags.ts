export const AUDIO = 8;
export const VIDEO = 9;

export interface FlvTag {
  /** AUDIO, VIDEO, or 18: a script's data. */
  readonly kind: number;
  readonly atMs: number;
  readonly body: Buffer;
}

/** The beginning of a file with both. */
export const FLV_HEADER = Buffer.from('464c56010500000009' + '00000000', 'hex');

export function flvTags(file: Buffer): FlvTag[] {
  const tags: FlvTag[] = [];
  for (let at = FLV_HEADER.length; at + 11 <= file.length; ) {
    const bytes = file.readUIntBE(at + 1, 3);
    const atMs = file.readUIntBE(at + 4, 3) + (file[at + 7] ?? 0) * 2 ** 24;
    tags.push({ kind: file[at] ?? 0, atMs, body: file.subarray(at + 11, at + 11 + bytes) });
    at += 11 + bytes + 4;
  }
  return tags;
}

export function writeFlv(tags: readonly FlvTag[]): Buffer {
  return Buffer.concat(
    tags.flatMap(({ kind, atMs, body }) => {
      const head = Buffer.alloc(11);
      head[0] = kind;
      head.writeUIntBE(body.length, 1, 3);
      head.writeUIntBE(atMs % 2 ** 24, 4, 3);
      head[7] = Math.floor(atMs / 2 ** 24);
      const size = Buffer.alloc(4);
      size.writeUInt32BE(11 + body.length);
      return [head, body, size];
    }),
  );
}

/** It is sound or a picture, and not a script's data. */
export const isMedia = ({ kind }: FlvTag): boolean => kind === AUDIO || kind === VIDEO;

/** The codec's configuration, and no frame. */
export function isConfiguration({ kind, body }: FlvTag): boolean {
  const isAac = kind === AUDIO && (body[0] ?? 0) >> 4 === 10;
  const isAvc = kind === VIDEO && ((body[0] ?? 0) & 15) === 7;
  // Of enhanced RTMP.
  const isStart = kind === VIDEO && ((body[0] ?? 0) & 0x8f) === 0x80;
  return isStart || ((isAac || isAvc) && body[1] === 0);
}
