/**
 * What an RTMP client tells its server as the address of the application. Servers tell virtual hosts and applications
 * by it, so it keeps the host's name when the connection goes to an address.
 * @param rest the URL after host and port. Cut into application and stream as libavformat's rtmpproto.c does it
 */
export function tcUrl(host: string, port: number | undefined, rest: string): string {
  return `rtmp://${host}:${port ?? 1935}/${applicationOf(rest)}`;
}

function applicationOf(rest: string): string {
  const query = rest.includes('?') ? rest.slice(rest.indexOf('?')) : '';
  if (query.includes('slist=')) return rest.slice(1);
  if (rest.startsWith('/ondemand/')) return 'ondemand';
  const first = rest.indexOf('/', 1);
  if (first < 0) return rest.slice(1);
  const second = rest.indexOf('/', first + 1);
  const colon = rest.indexOf(':', first + 1);
  // Of `app/mp4:folder/stream` the application is the first piece alone.
  const isOnePiece = second < 0 || (colon >= 0 && colon < second);
  return rest.slice(1, isOnePiece ? first : second);
}
