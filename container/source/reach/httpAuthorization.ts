import { safeDecode } from '../../../functions/core/source/sourceUrl.ts';
import { authorizationOf } from './rtspAuthorization.ts';

/** Who a request is from. */
export interface Credentials {
  /** As they stand in a URL. */
  readonly username: string;
  readonly password: string;
}

const isDigest = (value: string | undefined): boolean => /^digest /i.test(value ?? '');

/** How each server wants to know who asks: by Basic, until it says otherwise. */
export class HttpAuthorization {
  /** By origin: the head of its answer 401, and how often it was answered. */
  readonly #challenges = new Map<string, { readonly head: string; count: number }>();

  /** @returns the value of the header `Authorization`; undefined without credentials */
  for({ origin, pathname, search }: URL, { username, password }: Credentials): string | undefined {
    if (username === '' && password === '') return undefined;
    const known = this.#challenges.get(origin);
    if (known !== undefined) {
      known.count += 1;
      const request = { method: 'GET', uri: `${pathname}${search}`, count: known.count };
      return authorizationOf(known.head, { userinfo: `${username}:${password}` }, request);
    }
    return `Basic ${Buffer.from(`${safeDecode(username)}:${safeDecode(password)}`).toString('base64')}`;
  }

  /**
   * A server has refused what was asked.
   * @param challenges the values of its `WWW-Authenticate`
   * @param said to it, in `Authorization`
   * @returns whether it may give it to whoever asks again
   */
  learn({ origin }: URL, challenges: readonly string[], said: string | undefined): boolean {
    const isNew = !isDigest(said) || challenges.some((one) => /\bstale="?true/i.test(one));
    if (said === undefined || !isNew || !challenges.some(isDigest)) return false;
    const head = challenges.map((one) => `WWW-Authenticate: ${one}`).join('\r\n');
    this.#challenges.set(origin, { head, count: 0 });
    return true;
  }
}
