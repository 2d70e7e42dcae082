import { DEFAULT_PORTS, type Source, safeDecode } from '../source/sourceUrl.ts';

/** What is played, as a server of RTMP is told. Cut into application and stream as libavformat's rtmpproto.c does it. */
export interface RtmpAddress {
  readonly app: string;
  /** With the query, by which servers tell who may play. */
  readonly streamName: string;
  /**
   * The address of the application. Servers tell virtual hosts and applications by it, so it keeps the host's name when the
   * connection goes to an address.
   */
  readonly tcUrl: string;
  /** What the URL has in front of its host, decoded. */
  readonly user: string | undefined;
  readonly password: string | undefined;
}

export function rtmpAddress({ scheme, host, port, rest, userinfo }: Source): RtmpAddress {
  const { app, name } = pieces(rest);
  const [user, ...password] = userinfo?.split(':') ?? [];
  return {
    app,
    streamName: plainName(name),
    tcUrl: `${scheme}://${host}:${port ?? DEFAULT_PORTS[scheme]}/${app}`,
    user: user === undefined ? undefined : safeDecode(user),
    password: password.length === 0 ? undefined : safeDecode(password.join(':')),
  };
}

/**
 * Where a stream is that a server has sent a player away for.
 * @param location the address of an application, as `tcUrl`, or of the stream, as the server says it
 */
export function redirectedUrl(location: string, { rest }: Pick<Source, 'rest'>): string {
  const queryAt = location.indexOf('?');
  const query = queryAt < 0 ? '' : location.slice(queryAt);
  const before = location.slice(0, location.length - query.length).replace(/\/$/, '');
  const folders = before.replace(/^[^/]*\/\/[^/]*/, '');
  if (folders === '') return `${before}${rest}`;
  const { name } = pieces(rest);
  const [streamName = ''] = name.split('?');
  const isStream = folders.endsWith(`/${streamName}`) && folders.lastIndexOf('/') > 0;
  if (isStream) return location;
  return `${before}/${name}${name.includes('?') ? query.replace('?', '&') : query}`;
}

function pieces(rest: string): { readonly app: string; readonly name: string } {
  const queryAt = rest.indexOf('?');
  const list = queryAt < 0 ? undefined : /slist=([^&]*)/.exec(rest.slice(queryAt));
  if (list !== undefined && list !== null) return { app: rest.slice(1, queryAt), name: list[1] ?? '' };
  if (rest.startsWith('/ondemand/')) return { app: 'ondemand', name: rest.slice(10) };
  const first = rest.indexOf('/', 1);
  if (first < 0) return { app: rest.slice(1), name: '' };
  // A query may have slashes, of a token or of another address, and is the stream's where it stands behind its name.
  const nameEnd = queryAt > first ? queryAt : rest.length;
  const second = rest.slice(0, nameEnd).indexOf('/', first + 1);
  const colon = rest.indexOf(':', first + 1);
  // Of `app/mp4:folder/stream` the application is the first piece alone.
  const isOnePiece = second < 0 || (colon >= 0 && colon < second);
  const end = isOnePiece ? first : second;
  return { app: rest.slice(1, end), name: rest.slice(end + 1) };
}

/** Files have their kind in front of their name, where servers expect it. */
function plainName(name: string): string {
  if (!name.includes(':') && /\.(?:f4v|mp4)$/.test(name)) return `mp4:${name}`;
  return name.endsWith('.flv') ? name.slice(0, -4) : name;
}
