import { RecorderError } from './errors.ts';

/** Page tokens are opaque to callers: the key after which the next page begins. */
export function pageToken(lastKey: string): string {
  return Buffer.from(lastKey, 'utf8').toString('base64url');
}

/**
 * @param prefix of the keys that such a token may name
 * @throws RecorderError invalid_request on `nextToken`
 */
export function keyOfToken(token: string, prefix: string): string {
  const key = Buffer.from(token, 'base64url').toString('utf8');
  if (!key.startsWith(prefix) || key.length > 1024 || /[^\x21-\x7e]/.test(key)) {
    throw new RecorderError('invalid_request', 'nextToken must be one that an answer gave.', {
      field: 'nextToken',
    });
  }
  return key;
}
