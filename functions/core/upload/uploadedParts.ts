import { crc32 } from 'node:zlib';
import type { UploadedPart } from '../state/partObjects.ts';
import { combineCrc32, crc32FromBase64, crc32ToBase64 } from './crc32.ts';

/** What an S3 part of these bytes looks like; its ETag is known when it has been uploaded. */
export function describePart(partNumber: number, data: Buffer): UploadedPart {
  return { partNumber, bytes: data.length, crc32: crc32ToBase64(crc32(data)) };
}

export function bytesOf(parts: readonly UploadedPart[]): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** CRC-32 of all S3 parts one after the other, in base64. */
export function crc32OfParts(parts: readonly UploadedPart[]): string {
  const crc = parts.reduce((sum, part) => combineCrc32(sum, crc32FromBase64(part.crc32), part.bytes), 0);
  return crc32ToBase64(crc);
}
