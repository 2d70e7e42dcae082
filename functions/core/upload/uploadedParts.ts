import { crc32 } from 'node:zlib';
import type { UploadedPart } from '../state/partObjects.ts';
import { combineCrc32, crc32FromBase64, crc32ToBase64 } from './crc32.ts';

/** What an S3 part of these bytes looks like; its ETag is known when it has been uploaded. */
export function describePart(partNumber: number, data: Buffer): UploadedPart {
  return { partNumber, bytes: data.length, crc32: crc32ToBase64(crc32(data)) };
}

/** Bytes whose CRC-32 is known. */
export interface CheckedBytes {
  readonly bytes: Buffer;
  readonly crc32: number;
}

export const checked = (bytes: Buffer): CheckedBytes => ({ bytes, crc32: crc32(bytes) });

/** What an S3 part looks like that consists of these, one behind the other. */
export function describePieces(partNumber: number, pieces: readonly CheckedBytes[]): UploadedPart {
  const whole = pieces.reduce(
    (before, { bytes, crc32 }) => ({
      bytes: before.bytes + bytes.length,
      crc32: combineCrc32(before.crc32, crc32, bytes.length),
    }),
    { bytes: 0, crc32: 0 },
  );
  return { partNumber, bytes: whole.bytes, crc32: crc32ToBase64(whole.crc32) };
}

export function bytesOf(parts: readonly UploadedPart[]): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** CRC-32 of all S3 parts one after the other, in base64. */
export function crc32OfParts(parts: readonly UploadedPart[]): string {
  const crc = parts.reduce((sum, part) => combineCrc32(sum, crc32FromBase64(part.crc32), part.bytes), 0);
  return crc32ToBase64(crc);
}
