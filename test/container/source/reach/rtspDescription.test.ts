import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { AttemptContext } from '../../../../container/attempt/context.ts';
import { describeRtsp } from '../../../../container/source/reach/rtspDescription.ts';
import { SourceInput } from '../../../../container/source/sourceInput.ts';
import type { SourceEnd } from '../../../../container/source/sourceRun.ts';
import { DEFAULT_SETTINGS } from '../../../../functions/core/settings/settings.ts';
import { parseSource } from '../../../../functions/core/source/sourceUrl.ts';
import { LOOPBACK_SOURCES } from '../../../support/benchJob.ts';
import { closersForTests } from '../../../support/forTests.ts';

const SDP = 'v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\nm=audio 0 RTP/AVP 8\r\n';
const TIMEOUT_MS = 5_000;
const FAILED: SourceEnd = {
  ...{ kind: 'ended', exitCode: 1, complaints: [], complaint: undefined },
  ...{ isFinite: false, timedOut: false, hasNewTrack: false },
};
const REPLAN: SourceEnd = {
  kind: 'replan',
  plan: { format: 'mp4', audio: 'copy', maps: ['0:v:0'], leftOut: [] },
};
const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

describe('what an RTSP server says of its stream', () => {
  const closers = closersForTests();

  /** @returns what it was asked, and where */
  async function server(answer: (request: string) => string) {
    const requests: string[] = [];
    const listening = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => {
        requests.push(bytes.toString());
        socket.write(answer(bytes.toString()));
      });
    }).listen(0, '127.0.0.1');
    await once(listening, 'listening');
    closers.push(async () => {
      listening.close();
    });
    const { port } = listening.address() as AddressInfo;
    const describe = async (user = '', timeoutMs = TIMEOUT_MS): Promise<string | undefined> => {
      const source = parseSource(`rtsp://${user}127.0.0.1:${port}/cam`, 'url');
      return (await describeRtsp(source, ['127.0.0.1'], timeoutMs)).sdp;
    };
    return { requests, port, describe };
  }
  const status = (line: string, ...headers: string[]): string =>
    [`RTSP/1.0 ${line}`, ...headers, '', ''].join('\r\n');
  const found = status('200 OK', 'CSeq: 1', `Content-Length: ${SDP.length}`) + SDP;

  it('is asked for without playing it', async () => {
    const { requests, port, describe } = await server(() => found);
    expect(await describe()).toBe(SDP);
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatch(new RegExp(`^DESCRIBE rtsp://127.0.0.1:${port}/cam RTSP/1.0\r\n`));
  });

  it.each(['', 'qop="auth", '])('is given to who knows the password, by Digest with %j', async (qop) => {
    const challenge = `WWW-Authenticate: Digest realm="cam", ${qop}nonce="abc"`;
    const { requests, port, describe } = await server((request) =>
      /^Authorization/m.test(request) ? found : status('401 Unauthorized', challenge),
    );
    expect(await describe('camera:pass%20word@')).toBe(SDP);
    const said = requests[1] ?? '';
    const nonces = qop === '' ? 'abc' : `abc:00000001:${/cnonce="(\w+)"/.exec(said)?.[1]}:auth`;
    const url = `rtsp://127.0.0.1:${port}/cam`;
    const expected = md5(`${md5('camera:cam:pass word')}:${nonces}:${md5(`DESCRIBE:${url}`)}`);
    expect(said).toContain(`response="${expected}"`);
    expect(requests.join('')).not.toContain('pass');
  });

  it('is given by Basic, where the server asks for that', async () => {
    const { requests, describe } = await server((request) =>
      /^Authorization/m.test(request) ? found : status('401 No', 'WWW-Authenticate: Basic realm="cam"'),
    );
    expect(await describe('camera:secret@')).toBe(SDP);
    expect(requests[1]).toContain(`Basic ${Buffer.from('camera:secret').toString('base64')}`);
  });

  it.each([
    ['it is not there', status('404 Not Found')],
    ['a password is needed, and none is known', status('401 No', 'WWW-Authenticate: Basic realm="cam"')],
    ['the answer has no end', 'RTSP/1.0 200 OK\r\nX: '.padEnd(70_000, 'x')],
  ])('is left to ffmpeg when %s', async (_what, answer) => {
    const { describe } = await server(() => answer);
    expect(await describe()).toBeUndefined();
  });

  it('is left to ffmpeg when nobody answers in time, or nobody is there', async () => {
    const { describe } = await server(() => '');
    expect(await describe('', 20)).toBeUndefined();
    const nobody = parseSource('rtsp://127.0.0.1:1/cam', 'url');
    expect((await describeRtsp(nobody, ['127.0.0.1'], 5_000)).sdp).toBeUndefined();
  });

  /** What a recording of this source asks for. */
  function inputOf(url: string, stream = {}): SourceInput {
    const settings = { ...DEFAULT_SETTINGS, sources: LOOPBACK_SOURCES };
    const context = { job: { source: { url }, stream, settings }, lookup: async () => ['127.0.0.1'] };
    const input = new SourceInput(context as unknown as AttemptContext, 'ffmpeg');
    closers.push(() => input.close());
    return input;
  }
  const prepared = (input: SourceInput) => input.prepare(TIMEOUT_MS, new AbortController().signal);

  it("is part of what ffmpeg's first run is planned by", async () => {
    const { port } = await server(() => found);
    const input = inputOf(`rtsp://127.0.0.1:${port}/cam`);
    const run = await prepared(input);
    const codecs = 'kind' in run ? undefined : run.announced?.streams.map(({ codec }) => codec);
    expect(codecs).toEqual(['h264', 'pcm_alaw']);
    expect(await prepared(input)).toMatchObject({ announced: undefined });
  });

  it('is asked for again where the server had no such stream yet, and where nothing else has told', async () => {
    const answers = [status('404 Not Found'), status('404 Not Found')];
    const { requests, port } = await server(() => answers.shift() ?? found);
    const input = inputOf(`rtsp://127.0.0.1:${port}/cam`);
    for (let misses = 0; misses < 2; misses++) {
      expect(await prepared(input)).toMatchObject({ announced: undefined });
      expect(await input.endRun(FAILED, false)).toBe('lost');
    }
    const run = await prepared(input);
    const codecs = 'kind' in run ? undefined : run.announced?.streams.map(({ codec }) => codec);
    expect(codecs).toEqual(['h264', 'pcm_alaw']);
    expect(await input.endRun(FAILED, false)).toBe('lost');
    expect(await prepared(input)).toMatchObject({ announced: undefined });
    expect(requests).toHaveLength(3);
  });

  it('is not asked for again where ffmpeg has found out by itself', async () => {
    const { requests, port } = await server(() => status('501 Not Implemented'));
    const input = inputOf(`rtsp://127.0.0.1:${port}/cam`);
    await prepared(input);
    await input.endRun(REPLAN, false);
    await prepared(input);
    await input.endRun(FAILED, true);
    await prepared(input);
    expect(requests.filter((request) => request.startsWith('DESCRIBE'))).toHaveLength(1);
  });

  it('is asked for where the server sends whoever asks, before each run, and without the password', async () => {
    const there = await server(() => found);
    const tokens = ['?token=1', '?token=2'];
    const here = await server(() => {
      const place = `rtsp://127.0.0.1:${there.port}/there${tokens.shift()}`;
      return status('302 Moved Temporarily', `Location: ${place}`);
    });
    const input = inputOf(`rtsp://camera:secret@127.0.0.1:${here.port}/cam`, {
      videoCodec: 'h264',
      audioCodec: 'aac',
    });
    for (const token of ['?token=1', '?token=2']) {
      const run = await prepared(input);
      const given = 'kind' in run ? undefined : run.access.url;
      expect(given?.endsWith(`/there${token}`)).toBe(true);
      const asked = there.requests.pop();
      expect(asked).toContain(`DESCRIBE rtsp://127.0.0.1:${there.port}/there${token} RTSP/1.0`);
    }
  });

  it('is asked for with the password at another path of the same server', async () => {
    const same = await server((request) => {
      if (!request.includes('/moved'))
        return status('301 Moved', `Location: rtsp://127.0.0.1:${same.port}/moved`);
      return request.includes('Authorization')
        ? found
        : status('401 No', 'WWW-Authenticate: Basic realm="cam"');
    });
    const run = await prepared(inputOf(`rtsp://camera:secret@127.0.0.1:${same.port}/cam`));
    expect(run).toMatchObject({ access: { url: expect.stringMatching(/\/moved$/) } });
    expect(same.requests.pop()).toContain(`Basic ${Buffer.from('camera:secret').toString('base64')}`);
  });

  it('is asked for by the recorder where that is over TLS: ffmpeg is told to do without', async () => {
    const here = await server(() => status('301 Moved', 'Location: rtsps://127.0.0.1:1/moved'));
    const run = await prepared(inputOf(`rtsp://127.0.0.1:${here.port}/cam`));
    expect(run).toMatchObject({ access: { url: expect.stringMatching(/^rtsp:.*\/moved$/) } });
  });

  it.each([
    ['rtsp://10.0.0.1/cam', /^The source is at an address/],
    ['http://127.0.0.1/cam', /^The source leads to a protocol/],
  ])('is not asked for at %s', async (place, message) => {
    const here = await server(() => status('302 Moved', `Location: ${place}`));
    const run = await prepared(inputOf(`rtsp://127.0.0.1:${here.port}/cam`));
    expect(run).toMatchObject({ kind: 'refused', reason: { message: expect.stringMatching(message) } });
  });

  it('is asked for five times elsewhere, and then no more', async () => {
    const here = await server(() => status('302 Moved', `Location: rtsp://127.0.0.1:${here.port}/cam`));
    await prepared(inputOf(`rtsp://127.0.0.1:${here.port}/cam`));
    expect(here.requests).toHaveLength(6);
  });
});
