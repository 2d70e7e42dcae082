import { CookieJar } from 'tough-cookie';

/** A browser keeps at least 50 of a site; whoever sets more has no use for the oldest. */
const COOKIES_MAX = 200;

/** The cookies that a source sets, for the hosts and paths that they are meant for. */
export class Cookies {
  readonly #jar = new CookieJar(undefined, { looseMode: true });
  #taken = 0;

  /** @param headers the `set-cookie` headers of an answer; malformed ones are left out */
  take(headers: readonly string[], url: string): void {
    for (const header of headers) {
      if (this.#taken >= COOKIES_MAX) {
        this.#jar.removeAllCookiesSync();
        this.#taken = 0;
      }
      if (this.#jar.setCookieSync(header, url, { ignoreError: true }) !== undefined) this.#taken += 1;
    }
  }

  /** The value of the header `cookie`; undefined: there are none for this URL. */
  for(url: string): string | undefined {
    return this.#jar.getCookieStringSync(url) || undefined;
  }
}
