import { RecorderError } from '../api/errors.ts';
import { isHost } from './sourceRules.ts';

/**
 * Schemes that can be recorded, with the ffmpeg protocols that each needs and no others. `httpproxy` is how TLS goes
 * through the recorder's proxy; RTMP the recorder speaks itself.
 */
export const SOURCE_PROTOCOLS: Readonly<Record<string, readonly string[]>> = {
  rtmp: [],
  rtmps: [],
  rtsp: ['rtsp', 'rtp', 'udp', 'tcp'],
  rtsps: ['rtsp', 'rtp', 'srtp', 'tls', 'httpproxy', 'tcp'],
  srt: ['srt', 'udp'],
  http: ['http', 'https', 'httpproxy', 'tcp', 'tls'],
  https: ['http', 'https', 'httpproxy', 'tcp', 'tls'],
};

/** Where a URL of one of these names no port. */
export const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  rtmp: 1935,
  rtmps: 443,
  rtsp: 554,
  rtsps: 322,
};

export interface Source {
  readonly url: string;
  readonly scheme: string;
  /** Name or address as it is written, IPv6 in brackets. */
  readonly host: string;
  readonly port: number | undefined;
  /** `user:password`, as it is written. */
  readonly userinfo: string | undefined;
  /** Path, query and all else after host and port. */
  readonly rest: string;
  /** Value for ffmpeg's -protocol_whitelist. */
  readonly protocols: readonly string[];
}

const URL_MAX_CHARS = 4096;

/** Strict, so that every reader of the URL finds the same host in it: ffmpeg, Node, and we. */
const URL_PIECES =
  /^([a-z]+):\/\/(?:([^/?#\\]*)@)?(\[[^\]/?#@\\]*\]|[^:/?#@\\[\]]+)(?::(\d{0,5}))?([/?#].*)?$/i;

/**
 * Checks a source URL before anything is started.
 * @throws RecorderError invalid_request on `field`: not a URL, no host, or a scheme that cannot be recorded
 */
export function parseSource(url: string, field: string): Source {
  const schemes = Object.keys(SOURCE_PROTOCOLS).join(', ');
  const refuse = (rule: string): RecorderError =>
    new RecorderError('invalid_request', `${field} ${rule}`, { field });
  if (url.length > URL_MAX_CHARS) throw refuse(`is longer than ${URL_MAX_CHARS} characters`);
  // ffmpeg splits arguments nowhere, but a control character in a URL is never meant.
  const hasControl = [...url].some((char) => char <= ' ' || char === '\u007f');
  const pieces = hasControl || !URL.canParse(url) ? null : URL_PIECES.exec(url);
  const [, name = '', userinfo, host = '', digits = '', rest = ''] = pieces ?? [];
  const scheme = name.toLowerCase();
  const protocols = Object.hasOwn(SOURCE_PROTOCOLS, scheme) ? SOURCE_PROTOCOLS[scheme] : undefined;
  if (protocols === undefined) throw refuse(`must be a URL with a host and one of the schemes ${schemes}`);
  if (!isHost(host)) {
    throw refuse(
      'must have a host name of letters, digits, hyphens and dots (xn--… for others), or an IP address',
    );
  }
  const port = digits === '' ? undefined : Number(digits);
  return { url, scheme, host, port, userinfo, rest, protocols };
}

/** The URL of these pieces. */
export function urlOf({
  scheme,
  userinfo,
  host,
  port,
  rest,
}: Pick<Source, 'scheme' | 'userinfo' | 'host' | 'port' | 'rest'>): string {
  const user = userinfo === undefined ? '' : `${userinfo}@`;
  return `${scheme}://${user}${host}${port === undefined ? '' : `:${port}`}${rest}`;
}

/** Where a source's server sends whoever asks: elsewhere than to the same server its credentials are not passed on. */
export function withCredentials(to: Source, from: Source): Source {
  const portOf = ({ scheme, port = DEFAULT_PORTS[scheme] }: Source) => port;
  const isSame = to.scheme === from.scheme && to.host === from.host && portOf(to) === portOf(from);
  return { ...to, userinfo: to.userinfo ?? (isSame ? from.userinfo : undefined) };
}

/**
 * A URL that may be logged: scheme, host, port and the path but for its last piece, which is a stream key with many
 * servers; user, password and query are gone.
 */
export function redactUrl(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null || parsed.host === '') return '[redacted]';
  const folders = parsed.pathname.split('/').slice(0, -1).join('/');
  return `${parsed.protocol}//${parsed.host}${folders}/***`;
}

/** Takes every secret of the source out of a text, such as a line of ffmpeg's that repeats the URL. */
export function redactText(text: string, sourceUrl: string): string {
  const parsed = URL.parse(sourceUrl);
  const pieces = [sourceUrl];
  if (parsed !== null) {
    const encoded = [
      parsed.pathname.split('/').at(-1) ?? '',
      parsed.username,
      parsed.password,
      parsed.search.slice(1),
      ...[...parsed.searchParams.values()],
    ];
    for (const piece of encoded) pieces.push(piece, safeDecode(piece));
  }
  let redacted = text.replaceAll(sourceUrl, redactUrl(sourceUrl));
  // Short pieces are no secrets and would blacken ordinary words.
  const secrets = pieces.filter((piece) => piece.length >= 4).sort((a, b) => b.length - a.length);
  for (const secret of secrets) redacted = redacted.replaceAll(secret, '***');
  // A scheme without a limit would be looked for from each character of a long word to its end.
  return redacted.replaceAll(/[a-z][a-z0-9+.-]{0,31}:\/\/[^\s'"<>]+/gi, (found) => redactUrl(found));
}

/** Decodes percent signs; a text that has them otherwise stays as it is. */
export function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}
