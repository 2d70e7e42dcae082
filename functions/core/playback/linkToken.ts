import { seal, unseal } from '../links/seal.ts';
import { isRecordingId } from '../state/ids.ts';

/**
 * What lets whoever has a link play one recording, for a time: `<recordingId>.<expiry>.<MAC>`, the expiry in seconds since
 * 1970 in base 36. It stands in the path, so that relative addresses in a playlist keep it.
 */
export function linkToken(recordingId: string, expiresAtMs: number, key: string): string {
  return seal('play', `${recordingId}.${Math.ceil(expiresAtMs / 1000).toString(36)}`, key);
}

/** The recording that the token is for; undefined for one that is forged, cut off or past its time. */
export function recordingOfToken(token: string, key: string, nowMs: number): string | undefined {
  const [recordingId = '', expiry = ''] = unseal('play', token, key)?.split('.') ?? [];
  const isAlive = Number.parseInt(expiry, 36) * 1000 >= nowMs;
  return isAlive && isRecordingId(recordingId) ? recordingId : undefined;
}
