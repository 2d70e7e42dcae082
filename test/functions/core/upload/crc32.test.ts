import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { combineCrc32, crc32FromBase64, crc32ToBase64 } from '../../../../functions/core/upload/crc32.ts';

describe('combineCrc32', () => {
  it('is the CRC of both pieces together', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 3_000 }),
        fc.uint8Array({ maxLength: 3_000 }),
        (first, second) => {
          const combined = combineCrc32(crc32(first), crc32(second), second.length);
          expect(combined).toBe(crc32(Buffer.concat([first, second])));
        },
      ),
    );
  });

  it('is right for pieces over 4 GiB: appending zeros step by step gives the same', () => {
    const zeros = Buffer.alloc(1 << 20);
    const block = crc32(zeros);
    let stepwise = crc32(Buffer.from('head'));
    let blockCrc = block;
    let blockBytes = zeros.length;
    // 2^20 bytes doubled 13 times: 8 GiB of zeros.
    for (let i = 0; i < 13; i++) {
      blockCrc = combineCrc32(blockCrc, blockCrc, blockBytes);
      blockBytes *= 2;
    }
    const direct = combineCrc32(stepwise, blockCrc, blockBytes);
    for (let i = 0; i < 8_192; i++) stepwise = combineCrc32(stepwise, block, zeros.length);
    expect(direct).toBe(stepwise);
  });

  it('is written as S3 writes it', () => {
    const crc = crc32(Buffer.from('Hello world'));
    expect(crc32ToBase64(crc)).toBe('i9aeUg==');
    expect(crc32FromBase64(crc32ToBase64(crc))).toBe(crc);
  });
});
