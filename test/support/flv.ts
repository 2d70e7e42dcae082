const HEADER_BYTES = 13;
const TAG_HEADER_BYTES = 11;
const SCRIPT_TAG = 18;

/** FLV streams one after the other, as a publisher sends them that changes its codec's parameters on the way. */
export function joinFlv(streams: readonly Buffer[]): Buffer {
  const pieces: Buffer[] = [streams[0]?.subarray(0, HEADER_BYTES) ?? Buffer.alloc(0)];
  let offsetMs = 0;
  for (const [index, stream] of streams.entries()) {
    let lastMs = 0;
    for (let at = HEADER_BYTES; at + TAG_HEADER_BYTES <= stream.length; ) {
      const tagBytes = TAG_HEADER_BYTES + stream.readUIntBE(at + 1, 3) + 4;
      const tag = Buffer.from(stream.subarray(at, at + tagBytes));
      lastMs = tag.readUIntBE(4, 3) + (tag[7] as number) * 2 ** 24;
      tag.writeUIntBE((lastMs + offsetMs) % 2 ** 24, 4, 3);
      tag[7] = Math.floor((lastMs + offsetMs) / 2 ** 24);
      if (index === 0 || tag[0] !== SCRIPT_TAG) pieces.push(tag);
      at += tagBytes;
    }
    offsetMs += lastMs + 40;
  }
  return Buffer.concat(pieces);
}
