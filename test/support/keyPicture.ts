import type { KeyPicture } from '../../functions/core/media/tracks/sample.ts';

/** Of H.264, in the form of its fields alone: its parameter sets are empty, and its one slice is an IDR picture's. */
export function keyPicture(data: Buffer = Buffer.from([0, 0, 0, 2, 0x65, 0])): KeyPicture {
  return {
    description: {
      info: { kind: 'video', codec: 'h264', width: 320, height: 180 },
      tag: Buffer.alloc(4),
      configuration: Buffer.from([1, 66, 0, 30, 0xff, 0xe0, 0]),
      timescale: 90_000,
      pixelWidth: 1,
      pixelHeight: 1,
      primingSamples: 0,
    },
    data,
  };
}
