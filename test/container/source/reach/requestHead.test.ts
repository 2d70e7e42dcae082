import { describe, expect, it } from 'vitest';
import { parseRequestHead } from '../../../../container/source/reach/requestHead.ts';

const read = (...lines: string[]) => parseRequestHead(lines.join('\r\n'));

describe('a request to the proxy', () => {
  it('is handed on as the origin expects it, for the host of the URL', () => {
    expect(
      read(
        'GET http://media.example:8080/live/a.flv?token=x#y HTTP/1.1',
        'Host: 169.254.169.254',
        'User-Agent: Lavf',
        'Range: bytes=0-',
        'Connection: keep-alive',
        'Proxy-Connection: keep-alive',
      ),
    ).toEqual({
      kind: 'plain',
      host: 'media.example',
      port: 8080,
      head: [
        'GET /live/a.flv?token=x HTTP/1.1',
        'Host: media.example:8080',
        'User-Agent: Lavf',
        'Range: bytes=0-',
        'Connection: close',
        '',
        '',
      ].join('\r\n'),
    });
  });

  it('may ask for a tunnel', () => {
    expect(read('CONNECT [2600::1]:443 HTTP/1.1', 'Host: x')).toEqual({
      kind: 'connect',
      host: '2600::1',
      port: 443,
      head: '',
    });
  });

  it.each([
    [['GET /latest/meta-data HTTP/1.1', 'Host: 169.254.169.254']],
    [['GET http://user@media.example/ HTTP/1.1']],
    [['GET http://media.example\\@10.0.0.1/ HTTP/1.1']],
    [['GET https://media.example/ HTTP/1.1']],
    [['GET http://media.example:99999/ HTTP/1.1']],
    [['POST http://media.example/ HTTP/1.1']],
    [['PUT http://169.254.169.254/latest/api/token HTTP/1.1']],
    [['GET http://media.example/ HTTP/1.1', 'Content-Length: 10']],
    [['GET http://media.example/ HTTP/1.1', 'Transfer-Encoding: chunked']],
    [['GET http://media.example/ HTTP/1.1', ' folded: x']],
    [['GET http://media.example/ HTTP/1.1', 'X: a\nHost: b']],
    [['GET http://media.example/ HTTP/1.1', 'no header']],
    [['GET http://1.2.3.4.5/ HTTP/1.1']],
    [['CONNECT media.example HTTP/1.1']],
    [['CONNECT media.example:0 HTTP/1.1']],
    [['CONNECT http://media.example:443 HTTP/1.1']],
    [['CONNECT a b:443 HTTP/1.1']],
    [['']],
  ])('%j is not understood', (lines) => {
    expect(read(...lines)).toBeUndefined();
  });
});
