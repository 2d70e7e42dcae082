import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { HttpFault, JudgedHttp } from '../../../../container/source/reach/judgedHttp.ts';
import { lookupBySystem } from '../../../../functions/aws/dnsResolution.ts';
import { DEFAULT_SOURCE_RULES } from '../../../../functions/core/source/sourceRules.ts';
import { listenOnLoopback } from '../../../../infra/emulators/shared/loopback.ts';

const NEVER = new AbortController().signal;
const md5 = (said: string): string => createHash('md5').update(said).digest('hex');

/** Whether a request for a path says by Digest, truly, that it is from the camera's owner. */
function isTrue(path: string, authorization: string, nonce: string): boolean {
  const field = (name: string): string => new RegExp(`\\b${name}="?([^",]*)`).exec(authorization)?.[1] ?? '';
  const middle = `${nonce}:${field('nc')}:${field('cnonce')}:auth`;
  const response = md5(`${md5('owner:cam:pass word')}:${middle}:${md5(`GET:${path}`)}`);
  return authorization.startsWith('Digest ') && field('uri') === path && field('response') === response;
}

describe('a server that asks for a password by Digest', () => {
  const rules = { ...DEFAULT_SOURCE_RULES, privateNetworks: ['127.0.0.1/32'] };
  const http = new JudgedHttp({ rules, lookup: lookupBySystem, idleTimeoutMs: 5_000 });
  let server: Server;
  let base: string;
  let nonce = 'first';
  let asked: boolean[] = [];
  beforeAll(async () => {
    server = createServer(({ url = '', headers }, response) => {
      const isKnown = isTrue(url, headers.authorization ?? '', nonce);
      asked.push(isKnown);
      if (isKnown) return response.end('pictures');
      const stale = headers.authorization?.includes('nonce="first"') === true && nonce !== 'first';
      const challenge = `Digest realm="cam", qop="auth", nonce="${nonce}", stale=${stale}`;
      return response.writeHead(401, { 'www-authenticate': ['Basic realm="cam"', challenge] }).end();
    });
    base = (await listenOnLoopback(server)).replace('//', '//owner:pass%20word@');
  });
  beforeEach(() => {
    asked = [];
  });
  afterAll(() => {
    http.close();
    server.close();
  });

  const got = async (url: string): Promise<string> => text((await http.get(url, { signal: NEVER })).body);

  it('gets it, once it has asked, and again when what it asked with has become too old', async () => {
    expect(await got(`${base}/mjpg?camera=1`)).toBe('pictures');
    expect(await got(`${base}/other`)).toBe('pictures');
    expect(asked).toEqual([false, true, true]);
    nonce = 'second';
    expect(await got(`${base}/mjpg?camera=1`)).toBe('pictures');
    expect(asked).toEqual([false, true, true, false, true]);
  });

  it('is asked twice by whoever has a wrong one, or has none once', async () => {
    await expect(got(`${base.replace('word', 'words')}/mjpg`)).rejects.toThrow(HttpFault);
    const before = asked.length;
    await expect(got(`${base.replace(/\/\/.*@/, '//')}/mjpg`)).rejects.toMatchObject({ status: 401 });
    expect(asked).toHaveLength(before + 1);
    expect(before).toBeLessThanOrEqual(2);
  });
});
