import { createHmac, timingSafeEqual } from 'node:crypto';
import { isRecordingId } from '../state/ids.ts';

/** Of HMAC-SHA-256, so that a link stays short; 128 bits are not guessed. */
const MAC_BYTES = 16;

/**
 * What lets whoever has a link play one recording, for a time: `<recordingId>.<expiry>.<MAC>`, the expiry in seconds since
 * 1970 in base 36. It stands in the path, so that relative addresses in a playlist keep it.
 */
export function linkToken(recordingId: string, expiresAtMs: number, key: string): string {
  const signed = `${recordingId}.${Math.ceil(expiresAtMs / 1000).toString(36)}`;
  return `${signed}.${macOf(signed, key)}`;
}

/** The recording that the token is for; undefined for one that is forged, cut off or past its time, in the same time. */
export function recordingOfToken(token: string, key: string, nowMs: number): string | undefined {
  const [, signed = '', mac = ''] = /^(.*)\.([^.]*)$/.exec(token) ?? [];
  const expected = Buffer.from(macOf(signed, key));
  const given = Buffer.alloc(expected.length);
  given.write(mac);
  const isOurs = timingSafeEqual(expected, given) && mac.length === expected.length;
  const [recordingId = '', expiry = ''] = signed.split('.');
  const isAlive = Number.parseInt(expiry, 36) * 1000 >= nowMs;
  return isOurs && isAlive && isRecordingId(recordingId) ? recordingId : undefined;
}

function macOf(signed: string, key: string): string {
  const mac = createHmac('sha256', key).update(`play\n${signed}`).digest();
  return mac.subarray(0, MAC_BYTES).toString('base64url');
}
