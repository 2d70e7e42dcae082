import type { CookieJar } from 'tough-cookie';

/** A browser keeps at least 50 of a site; whoever sets more has no use for the oldest. */
const COOKIES_MAX = 200;

/** The cookies that a source sets, for the hosts and paths that they are meant for. */
export class Cookies {
  #jar: CookieJar | undefined;
  #taken = 0;

  /** @param headers the `set-cookie` headers of an answer; malformed ones are left out */
  async take(headers: readonly string[], url: string): Promise<void> {
    if (headers.length === 0) return;
    const jar = await this.#open();
    for (const header of headers) {
      if (this.#taken >= COOKIES_MAX) {
        jar.removeAllCookiesSync();
        this.#taken = 0;
      }
      if (jar.setCookieSync(header, url, { ignoreError: true }) !== undefined) this.#taken += 1;
    }
  }

  /** The value of the header `cookie`; undefined: there are none for this URL. */
  for(url: string): string | undefined {
    return this.#jar?.getCookieStringSync(url) || undefined;
  }

  /** Few sources set any, and it brings a list of all public suffixes: 9 ms of CPU and a megabyte of each process. */
  async #open(): Promise<CookieJar> {
    const { CookieJar } = await import('tough-cookie');
    // Of answers that come together the first one opens it.
    this.#jar ??= new CookieJar(undefined, { looseMode: true });
    return this.#jar;
  }
}
