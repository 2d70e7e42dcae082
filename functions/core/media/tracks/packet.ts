/** What a demuxer says of a stream before its first packet. */
export interface PacketStream {
  /** Of the codec, as AVI has it in four bytes. */
  readonly tag: Buffer;
  /** The codec's configuration; empty where there is none, or it comes with the packets. */
  readonly extradata: Buffer;
  /** Of a picture, in pixels; 0 for sound. */
  readonly width: number;
  readonly height: number;
  /** How wide a pixel is, and how high; 0 and 0 where nothing is known. */
  readonly pixelWidth: number;
  readonly pixelHeight: number;
  /** 0 for pictures. */
  readonly sampleRateHz: number;
  readonly channels: number;
}

/** One packet, as a demuxer or an encoder gave it. */
export interface Packet {
  /** Of what the demuxer writes, from 0 on. */
  readonly stream: number;
  /** Decoding time as the source has it, in 1/90,000 s for pictures, in samples for sound. */
  readonly dts: number;
  /** How much later it is shown. */
  readonly offset: number;
  readonly keyframe: boolean;
  /** Valid until the reader's next `push`, and as long as the memory of the chunk that it came with is not used again. */
  readonly data: Buffer;
  /** The codec's configuration, where the source gives another one with this packet. */
  readonly extradata: Buffer | undefined;
}

/** Reads packets out of what one output of a demuxer gives. */
export interface PacketReader {
  /** Undefined until it is known. */
  stream(index: number): PacketStream | undefined;
  /** @throws MediaError the bytes are something else */
  push(chunk: Buffer): Packet[];
}
