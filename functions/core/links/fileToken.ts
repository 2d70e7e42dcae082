import * as z from 'zod/mini';
import { seal, unseal } from './seal.ts';

/** How S3 is to hand a file out: to be saved under its name, to be shown in a browser, or as a JPEG in a page. */
const HANDED_OUT = ['attachment', 'inline', 'picture'] as const;

/** One object, as a link leads to it. */
export interface LinkedFile {
  readonly as: (typeof HANDED_OUT)[number];
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string | undefined;
}

const payloadSchema = z.tuple([z.enum(HANDED_OUT), z.int(), z.string(), z.string(), z.nullable(z.string())]);

/**
 * What lets whoever has a link have one file, for a time: `<base64url of [as, expiry, bucket, key, version]>.<MAC>`, the
 * expiry in seconds since 1970. It names the object itself, so that what a link leads to is read nowhere, and can be no
 * other recording's.
 */
export function fileToken(
  { as, bucket, key: objectKey, versionId }: LinkedFile,
  expiresAtMs: number,
  key: string,
): string {
  const payload = [as, Math.ceil(expiresAtMs / 1000), bucket, objectKey, versionId ?? null];
  return seal('file', Buffer.from(JSON.stringify(payload)).toString('base64url'), key);
}

/** The file that the token is for, and its end; undefined for one that is forged, cut off or past its time. */
export function fileOfToken(
  token: string,
  key: string,
  nowMs: number,
): { readonly file: LinkedFile; readonly expiresAtMs: number } | undefined {
  const text = unseal('file', token, key);
  if (text === undefined) return undefined;
  const payload = payloadSchema.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
  const [as, expiresAtSeconds, bucket, objectKey, versionId] = payload;
  const expiresAtMs = expiresAtSeconds * 1000;
  if (expiresAtMs < nowMs) return undefined;
  return { file: { as, bucket, key: objectKey, versionId: versionId ?? undefined }, expiresAtMs };
}
