import { isHost } from '../../../functions/core/source/sourceRules.ts';

/** What a client of the proxy asks for. */
export interface ProxyRequest {
  readonly kind: 'connect' | 'plain';
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  /** The head that the origin gets; empty for CONNECT. */
  readonly head: string;
}

/** Headers between the client and the proxy. The proxy's own `Connection: close` takes their place. */
const HOP_BY_HOP =
  /^(connection|proxy-connection|keep-alive|proxy-authorization|te|trailer|upgrade|expect)$/i;
/** A body would be needed for what ffmpeg never sends. */
const BODY = /^(content-length|transfer-encoding)$/i;
const CONNECT = /^CONNECT (\S+) HTTP\/1\.[01]$/;
const PLAIN = /^(GET|HEAD) http:\/\/([^/?#\s\\@]+)((?:[/?#]\S*)?) HTTP\/1\.[01]$/;
const AUTHORITY = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/i;

/**
 * Reads the head of a request as a proxy gets it: CONNECT, or GET and HEAD with a whole URL. Strict: what is read
 * otherwise by somebody else is refused here.
 * @param text lines that end with CRLF, without the empty one
 * @returns undefined for everything else
 */
export function parseRequestHead(text: string): ProxyRequest | undefined {
  const [requestLine = '', ...lines] = text.split('\r\n');
  const tunnel = CONNECT.exec(requestLine)?.[1];
  if (tunnel !== undefined) {
    const target = parseAuthority(tunnel);
    return target?.port === undefined
      ? undefined
      : { kind: 'connect', ...target, port: target.port, head: '' };
  }
  const [, method, authority = '', rest = ''] = PLAIN.exec(requestLine) ?? [];
  const target = parseAuthority(authority);
  if (method === undefined || target === undefined) return undefined;
  const headers: string[] = [];
  for (const line of lines) {
    const [, name = '', value = ''] = /^([!#$%&'*+.^_`|~0-9a-z-]+):[ \t]*([^\r\n\0]*)$/i.exec(line) ?? [];
    if (name === '' || BODY.test(name)) return undefined;
    // Who is asked follows from the URL that was judged.
    if (!HOP_BY_HOP.test(name) && name.toLowerCase() !== 'host') headers.push(`${name}: ${value}`);
  }
  const path = (rest.startsWith('/') ? rest : `/${rest}`).replace(/#.*$/, '');
  const head = [`${method} ${path} HTTP/1.1`, `Host: ${authority}`, ...headers, 'Connection: close', '', ''];
  return { kind: 'plain', host: target.host, port: target.port ?? 80, head: head.join('\r\n') };
}

function parseAuthority(
  text: string,
): { readonly host: string; readonly port: number | undefined } | undefined {
  const [, ipv6, name, digits] = AUTHORITY.exec(text) ?? [];
  const host = ipv6 ?? name ?? '';
  const port = digits === undefined ? undefined : Number(digits);
  return isHost(host) && (port === undefined || (port > 0 && port <= 65_535)) ? { host, port } : undefined;
}
