import { createHash, createSecretKey } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeAwsChunked } from '../../../../infra/emulators/s3/awsChunked.ts';
import { sliceSegments } from '../../../../infra/emulators/s3/blobs.ts';
import { combineCrcs, runningCrc } from '../../../../infra/emulators/s3/crc.ts';
import { S3Error } from '../../../../infra/emulators/s3/errors.ts';
import { allowChildren, childText, parseXml } from '../../../../infra/emulators/s3/requestXml.ts';
import { hmac } from '../../../../infra/emulators/s3/sigv4.ts';
import { SortedMap } from '../../../../infra/emulators/s3/sortedKeys.ts';
import { compareUtf8, urlEncodeKey } from '../../../../infra/emulators/s3/text.ts';
import { toXml } from '../../../../infra/emulators/s3/xml.ts';
import { CODE_POINT } from '../../../support/codePoint.ts';

const anyText = fc.string({ unit: CODE_POINT });

describe('CRCs', () => {
  const crcOf = (algorithm: 'CRC32' | 'CRC32C' | 'CRC64NVME', bytes: Uint8Array) => {
    const running = runningCrc(algorithm);
    running.update(bytes);
    return running.digest();
  };

  it.each([
    ['CRC32', 'cbf43926'],
    ['CRC32C', 'e3069283'],
    ['CRC64NVME', 'ae8b14860a799888'],
  ] as const)('%s has its published check value', (algorithm, check) => {
    expect(crcOf(algorithm, Buffer.from('123456789')).toString('hex')).toBe(check);
  });

  it.each(['CRC32', 'CRC32C', 'CRC64NVME'] as const)(
    '%s of pieces combines to that of the whole',
    (algorithm) => {
      fc.assert(
        fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 8 }), (pieces) => {
          const whole = crcOf(algorithm, Buffer.concat(pieces));
          const digests = pieces.map((piece) => ({ digest: crcOf(algorithm, piece), bytes: piece.length }));
          expect(combineCrcs(algorithm, digests).equals(whole)).toBe(true);
        }),
      );
    },
  );

  it('combines 10,000 parts of 5 GiB in well under a second', () => {
    const digest = crcOf('CRC64NVME', Buffer.from('part'));
    const pieces = Array.from({ length: 10_000 }, () => ({ digest, bytes: 5 * 1024 ** 3 }));
    // Of this thread, however long others keep it waiting.
    const before = process.threadCpuUsage();
    expect(combineCrcs('CRC64NVME', pieces)).toHaveLength(8);
    const { user } = process.threadCpuUsage(before);
    expect(user / 1_000).toBeLessThan(1_000);
  });
});

describe('keys', () => {
  it('are ordered as their UTF-8 bytes are', () => {
    fc.assert(
      fc.property(anyText, anyText, (a, b) => {
        const expected = Buffer.compare(Buffer.from(a), Buffer.from(b));
        expect(Math.sign(compareUtf8(a, b))).toBe(expected);
      }),
    );
  });

  it('are found in order, whatever was put and deleted before', () => {
    const step = fc.record({ key: fc.string({ unit: 'grapheme', maxLength: 3 }), remove: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), anyText, (steps, bound) => {
        const map = new SortedMap<number>();
        const model = new Map<string, number>();
        for (const [index, { key, remove }] of steps.entries()) {
          // Reading in between makes it keep the order from then on.
          if (index === 5) map.firstKey('', false);
          if (remove) {
            map.delete(key);
            model.delete(key);
          } else {
            map.set(key, index);
            model.set(key, index);
          }
        }
        const sorted = [...model.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
        const seen: string[] = [];
        for (let key = map.firstKey('', false); key !== undefined; key = map.firstKey(key, true))
          seen.push(key);
        expect(seen).toEqual(sorted);
        expect(map.firstKey(bound, false)).toBe(
          sorted.find((key) => Buffer.compare(Buffer.from(key), Buffer.from(bound)) >= 0),
        );
        for (const prefix of sorted.filter((key) => key !== ''))
          expect(map.firstKeyPastPrefix(prefix)).toBe(
            sorted.slice(sorted.indexOf(prefix)).find((key) => !key.startsWith(prefix)),
          );
      }),
    );
  });

  it('are URL-encoded so that they decode to themselves', () => {
    fc.assert(
      fc.property(anyText, (key) => {
        const encoded = urlEncodeKey(key);
        expect(encoded).toMatch(/^[A-Za-z0-9%+/*._-]*$/);
        expect(decodeURIComponent(encoded.replaceAll('+', ' '))).toBe(key);
      }),
    );
  });
});

describe('segments', () => {
  it('of a slice hold its bytes', () => {
    const blobs = fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(blobs, fc.nat(150), fc.nat(150), (contents, first, bytes) => {
        const segments = contents.map((content, i) => ({
          blob: String(i),
          offset: 0,
          bytes: content.length,
        }));
        const whole = Buffer.concat(contents);
        const slice = sliceSegments(segments, first, bytes);
        const read = slice.map(({ blob, offset, bytes: length }) =>
          contents[Number(blob)]?.subarray(offset, offset + length),
        );
        expect(Buffer.concat(read.map((piece) => piece ?? Buffer.alloc(0)))).toEqual(
          whole.subarray(first, first + bytes),
        );
        expect(slice.every((segment) => segment.bytes > 0)).toBe(true);
      }),
    );
  });
});

describe('XML', () => {
  it('reads back what it writes', () => {
    fc.assert(
      fc.property(anyText, (value) => {
        // XML 1.0 has no such characters, not even as references.
        fc.pre([...value].every((c) => '\t\n\r'.includes(c) || (c >= ' ' && !'\ufffe\uffff'.includes(c))));
        const document = parseXml(Buffer.from(toXml('Delete', { Object: { Key: value } })), 'Delete');
        const [object] = document.children;
        expect(object && childText(object.element, 'Key')).toBe(value);
      }),
    );
  });

  it.each([
    '<Delete>',
    '<Delete></Other>',
    '<Other/>',
    '',
    'text',
    '<Delete/><Delete/>',
    '<Delete><Object><Key>a&#x1;b</Key></Object></Delete>',
    '<Delete><Object><Key>a\u0001b</Key></Object></Delete>',
    '<!DOCTYPE a [<!ENTITY b "c">]><Delete>&b;</Delete>',
  ])('refuses %j', (body) => {
    expect(() => parseXml(Buffer.from(body), 'Delete')).toThrow(S3Error);
  });

  it('refuses elements that it does not know where it is asked to', () => {
    const document = parseXml(Buffer.from('<Delete>\n <Quiet>true</Quiet> <New/></Delete>'), 'Delete');
    expect(() => allowChildren(document, ['Quiet', 'New'])).not.toThrow();
    expect(() => allowChildren(document, ['Quiet'])).toThrow(S3Error);
  });
});

describe('aws-chunked', () => {
  /** "Signature calculations: transferring payload in multiple chunks" in S3's API reference. */
  const example = {
    signature: '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
    signingKey: createSecretKey(
      ['20130524', 'us-east-1', 's3', 'aws4_request'].reduce<Buffer>(
        hmac,
        Buffer.from('AWS4wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'),
      ),
    ),
    timestamp: '20130524T000000Z',
    scope: '20130524/us-east-1/s3/aws4_request',
    payloadHash: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  };
  const chunk = (bytes: Buffer, signature: string) =>
    Buffer.concat([
      Buffer.from(`${bytes.length.toString(16)};chunk-signature=${signature}\r\n`),
      bytes,
      Buffer.from('\r\n'),
    ]);
  const body = Buffer.concat([
    chunk(Buffer.alloc(65_536, 'a'), 'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648'),
    chunk(Buffer.alloc(1024, 'a'), '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497'),
    chunk(Buffer.alloc(0), 'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9'),
  ]);

  async function decode(pieces: readonly Buffer[]): Promise<Buffer> {
    async function* source() {
      for (const piece of pieces) yield piece;
    }
    const chunks: Uint8Array[] = [];
    for await (const bytes of decodeAwsChunked(source(), example).bytes) chunks.push(Uint8Array.from(bytes));
    return Buffer.concat(chunks);
  }

  it('of the documentation is decoded and verified', async () => {
    expect((await decode([body])).equals(Buffer.alloc(66_560, 'a'))).toBe(true);
  });

  it('is decoded however it arrives', async () => {
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: body.length - 1 }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(cuts, async (at) => {
        const ends = [...at.sort((a, b) => a - b), body.length];
        const pieces = ends.map((end, i) => body.subarray(ends[i - 1] ?? 0, end));
        const hash = createHash('md5')
          .update(await decode(pieces))
          .digest('hex');
        expect(hash).toBe(createHash('md5').update(Buffer.alloc(66_560, 'a')).digest('hex'));
      }),
      { numRuns: 30 },
    );
  });

  it.each([100, 65_700, 65_800, body.length - 10])('with byte %d changed is refused', async (at) => {
    const changed = Buffer.from(body);
    changed[at] = (changed[at] ?? 0) ^ 1;
    await expect(decode([changed])).rejects.toThrow(S3Error);
  });

  it.each([10, 1000, 66_000])('that ends after %d bytes is refused', async (bytes) => {
    await expect(decode([body.subarray(0, bytes)])).rejects.toMatchObject({ code: 'IncompleteBody' });
  });
});
