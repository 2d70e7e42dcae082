/** Names that publishers choose, and those that node-media-server takes: letters, digits, `_` and `-` alone. */
export interface StreamAddress {
  readonly app: string;
  readonly name: string;
  /** Whether the publisher asks to be recorded: `?record=true` after the name. */
  readonly isToBeRecorded: boolean;
}

/** As long as a `mediaSessionId` may be. */
const MAX_NAME_CHARS = 256;
const PLAIN = /^[a-zA-Z0-9_-]+$/;
const ENCODED = 'u-';

/**
 * What an RTMP client means that connects to `app` and publishes or plays `streamName`. The application is the first piece of
 * both together, and all that follows the name: clients part them at different slashes. Percent-encoding is undone.
 * @throws Error that says why there can be no such stream
 */
export function streamAddress(app: string, streamName: string): StreamAddress {
  const [path = '', query = ''] = cut(streamName, '?');
  const [place = ''] = cut(app, '?');
  const [first = '', ...rest] = `${place}/${path}`.split('/').filter((piece) => piece !== '');
  const name = rest.map((piece) => nameOf(decoded(piece))).join('/');
  if (name === '') throw new Error('The address has no stream name: it is rtmp://…/application/name.');
  if (name.length > MAX_NAME_CHARS)
    throw new Error(`The stream name has ${name.length} characters; ${MAX_NAME_CHARS} are allowed.`);
  return {
    app: nameOf(decoded(first)),
    name,
    isToBeRecorded: new URLSearchParams(query).get('record') === 'true',
  };
}

/** A name in the letters that the media server takes: itself where it has no others. */
export const plainOf = (name: string): string =>
  PLAIN.test(name) && !name.startsWith(ENCODED)
    ? name
    : `${ENCODED}${Buffer.from(name, 'utf8').toString('base64url')}`;

/** The name that `plainOf` made this of; what it did not make is a name itself. */
export function nameOf(plain: string): string {
  if (!plain.startsWith(ENCODED)) return plain;
  const name = Buffer.from(plain.slice(ENCODED.length), 'base64url').toString('utf8');
  return plainOf(name) === plain ? name : plain;
}

function decoded(piece: string): string {
  try {
    return decodeURIComponent(piece);
  } catch (error) {
    // A `%` of its own.
    if (error instanceof URIError) return piece;
    throw error;
  }
}

function cut(text: string, at: string): [string, string] {
  const index = text.indexOf(at);
  return index === -1 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)];
}
