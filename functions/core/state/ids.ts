/** Crockford's base 32, the ULID alphabet: no I, L, O, U; sorts in ASCII as its values do. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const TIME_CHARS = 10;
const RANDOM_CHARS = 16;
const MAX_TIME_MS = 2 ** 48 - 1;

/**
 * A recording id: a ULID, 26 characters, sorts by time. See github.com/ulid/spec.
 * @param random at least 16 random bytes, of which 5 bits each are used
 */
export function newRecordingId(nowMs: number, random: Uint8Array): string {
  if (random.length < RANDOM_CHARS) throw new RangeError('16 random bytes are needed');
  let time = '';
  for (let rest = nowMs, i = 0; i < TIME_CHARS; i++, rest = Math.floor(rest / 32)) {
    time = ALPHABET.charAt(rest % 32) + time;
  }
  let tail = '';
  for (let i = 0; i < RANDOM_CHARS; i++) tail += ALPHABET.charAt((random[i] ?? 0) & 31);
  return time + tail;
}

export function isRecordingId(value: string): boolean {
  return /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(value);
}

/** When the id was made, epoch milliseconds. */
export function recordingIdTimeMs(recordingId: string): number {
  let time = 0;
  for (const char of recordingId.slice(0, TIME_CHARS)) time = time * 32 + ALPHABET.indexOf(char);
  return time;
}

/** Later times sort first, as S3 lists ascending: 15 digits. */
export function invertedTime(timeMs: number): string {
  return String(MAX_TIME_MS - timeMs).padStart(15, '0');
}
