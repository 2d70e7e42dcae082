import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSource, redactText, redactUrl } from '../../../../functions/core/source/sourceUrl.ts';

describe('source URLs', () => {
  it.each([
    ['rtmp://media.example/live/s1', ''],
    ['rtmps://media.example:443/live/s1?token=x', ''],
    ['rtsp://user:password@10.0.0.1:554/s1', 'rtsp,rtp,udp,tcp'],
    ['srt://media.example:9000?passphrase=longenough', 'srt,udp'],
    ['HTTPS://media.example/s1.m3u8', 'http,https,httpproxy,tcp,tls'],
  ])('%s is allowed and gets the protocols %s', (url, protocols) => {
    expect(parseSource(url, 'sourceUrl').protocols.join()).toBe(protocols);
  });

  it.each([
    'file:///etc/passwd',
    '/etc/passwd',
    'concat:a|b',
    'data:text/plain,x',
    'pipe:0',
    'subfile,,start,0,end,0,,:/etc/passwd',
    'rtmp:///live/s1',
    'rtmp://media.example/live/s1 -f lavfi',
    'http://media.example/\n',
    'http:media.example/',
    'http://media.example\\@10.0.0.1/',
    'async:http://media.example/',
    'constructor://media.example/',
    '',
  ])('%j is refused by name', (url) => {
    expect(() => parseSource(url, 'sourceUrl')).toThrow(
      /sourceUrl must be a URL with a host and one of the schemes rtmp/,
    );
  });
});

describe('the host of a source', () => {
  it.each([
    ['rtmp://u:p@media.example:1936/live/a@b', 'media.example', 1936, 'u:p', '/live/a@b'],
    ['rtsp://user:p@ss@[fd12::1]:554/cam?x=1', '[fd12::1]', 554, 'user:p@ss', '/cam?x=1'],
    ['srt://127.1?mode=caller', '127.1', undefined, undefined, '?mode=caller'],
  ])('%s is found as ffmpeg finds it', (url, host, port, userinfo, rest) => {
    expect(parseSource(url, 'sourceUrl')).toMatchObject({ host, port, userinfo, rest });
  });

  it.each([
    'rtmp://127%2e0.0.1/live/s1',
    'rtmp://bücher.example/live/s1',
    'rtmp://1.2.3.4.5/live/s1',
    'rtmp://a..b/s',
  ])('%s is refused', (url) => {
    expect(() => parseSource(url, 'sourceUrl')).toThrow('sourceUrl must have a host name of letters');
  });
});

describe('redaction', () => {
  it('keeps the place and drops key, user, password and query', () => {
    expect(redactUrl('rtmp://user:pass@media.example:1935/live/secret?token=x')).toBe(
      'rtmp://media.example:1935/live/***',
    );
    expect(redactUrl('no URL at all')).toBe('[redacted]');
  });

  it('takes every secret out of a line, encoded or decoded', () => {
    const secret = fc.stringMatching(/^[A-Za-z0-9]{12,20}$/);
    fc.assert(
      fc.property(secret, secret, secret, secret, (user, password, key, token) => {
        const url = `rtmp://${user}:${password}@media.example/live/${key}?token=${token}`;
        const line = `[rtmp] cannot open ${url}: key=${key} auth ${user}/${password} ${token} https://other/${token}`;
        const redacted = redactText(line, url);
        for (const piece of [user, password, key, token]) expect(redacted).not.toContain(piece);
        expect(redacted).toContain('cannot open');
      }),
    );
  });
});
