/** The console's files, as they are served: a page over the API that anybody may load, since it holds nothing. */
export interface ConsoleFile {
  /** In the folder that clients/web/build.ts writes. */
  readonly name: string;
  readonly contentType: string;
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  'index.html': 'text/html; charset=utf-8',
  'main.js': 'text/javascript; charset=utf-8',
  'main.css': 'text/css; charset=utf-8',
};

/** Which file a path means; undefined for a path that is none of the console's. */
export function consoleFile(path: string): ConsoleFile | undefined {
  const name = /^\/(console\/?)?$/.test(path) ? 'index.html' : path.replace(/^\/console\//, '');
  const contentType = Object.hasOwn(CONTENT_TYPES, name) ? CONTENT_TYPES[name] : undefined;
  return contentType === undefined ? undefined : { name, contentType };
}

/**
 * What the page may do: run its own script, ask its own origin and whoever signs its users in, and show media from where
 * the links of records lead. Styles are allowed inline, since the player's elements have theirs within; scripts are not.
 * @param mediaOrigins origins as a Content-Security-Policy has them: `https://*.amazonaws.com`
 * @param signInOrigins where an OpenID Connect issuer is asked
 */
export function consoleHeaders(
  mediaOrigins: readonly string[],
  signInOrigins: readonly string[] = [],
): Readonly<Record<string, string>> {
  const media = mediaOrigins.join(' ');
  return {
    'cache-control': 'no-cache',
    'content-security-policy': [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self' 'unsafe-inline'",
      `img-src 'self' data: ${media}`,
      `media-src 'self' blob: ${media}`,
      ['connect-src', "'self'", media, ...signInOrigins].join(' '),
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  };
}
