import { S3Client } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escaped, S3Signature } from '../../../container/upload/s3Signature.ts';

const HOST = 'landing.s3.eu-central-1.amazonaws.com';
const REGION = 'eu-central-1';
/** Dates of four digits, as the signature has them. */
const moments = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) });
const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 });
const tokens = fc.string({ unit: fc.constantFrom(...'aZ09+/=_-.'), maxLength: 200 });
const parts = fc.record({ uploadId: text, partNumber: fc.integer({ min: 1, max: 10_000 }).map(String) });

describe('the signature of a request to S3', () => {
  it("is the SDK's", async () => {
    const names = fc.array(text, { minLength: 1, maxLength: 4 });
    const bodies = fc.option(fc.uint8Array({ maxLength: 50 }), { nil: undefined });
    const sessions = fc.option(tokens, { nil: undefined });
    const queries = fc.oneof(fc.constant({}), parts);
    const sent = fc.tuple(names, queries, bodies, sessions, moments, text);
    await fc.assert(
      fc.asyncProperty(sent, async ([key, query, body, sessionToken, nowMs, secretAccessKey]) => {
        const credentials = {
          accessKeyId: 'AKIDEXAMPLE',
          secretAccessKey,
          ...(sessionToken === undefined ? {} : { sessionToken }),
        };
        const payloadHash = body === undefined ? HASH_OF_NOTHING : 'UNSIGNED-PAYLOAD';
        const method = body === undefined ? 'HEAD' : 'PUT';
        const path = `/${key.map(escaped).join('/')}`;
        const headers = { host: HOST, ...(body && { 'content-length': String(body.length) }) };
        const own = new S3Signature(REGION);
        const signed = own.sign({ method, path, query, headers, payloadHash }, credentials, nowMs);

        const signer = await new S3Client({ region: REGION, credentials }).config.signer();
        const request = { protocol: 'https:', hostname: HOST, method, path, query, body };
        const expected = await signer.sign(
          { ...request, headers: { ...headers, 'x-amz-content-sha256': payloadHash } },
          { signingDate: new Date(nowMs) },
        );
        expect(signed).toEqual(expected.headers);
        // With the key that it has kept.
        expect(own.sign({ method, path, query, headers, payloadHash }, credentials, nowMs)).toEqual(signed);
      }),
    );
  });

  it('has the key of its day and of its secret', () => {
    const own = new S3Signature(REGION);
    const asked = {
      method: 'HEAD',
      path: '/key',
      query: {},
      headers: { host: HOST },
      payloadHash: HASH_OF_NOTHING,
    };
    const signed = (from: S3Signature, secretAccessKey: string, nowMs: number) =>
      from.sign(asked, { accessKeyId: 'a', secretAccessKey }, nowMs).authorization;
    const dayMs = 24 * 60 * 60_000;
    for (const [secret, nowMs] of [
      ['one', 0],
      ['one', dayMs],
      ['two', dayMs],
      ['one', dayMs],
    ] as const)
      expect(signed(own, secret, nowMs)).toBe(signed(new S3Signature(REGION), secret, nowMs));
  });
});

/** SHA-256. */
const HASH_OF_NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
