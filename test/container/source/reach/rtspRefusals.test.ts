import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { expect, it } from 'vitest';
import type { AttemptContext } from '../../../../container/attempt/context.ts';
import { RtspPieces } from '../../../../container/source/reach/rtspPieces.ts';
import { SourceInput } from '../../../../container/source/sourceInput.ts';
import { DEFAULT_SETTINGS } from '../../../../functions/core/settings/settings.ts';
import { LOOPBACK_SOURCES } from '../../../support/benchJob.ts';
import { closersForTests } from '../../../support/forTests.ts';

const closers = closersForTests();
const message = (...lines: string[]): string => [...lines, '', ''].join('\r\n');
const PICTURES = 'm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track0\r\n';
const SOUND = 'm=audio 0 RTP/AVP 8\r\na=control:track1\r\n';
const FAILED = {
  kind: 'ended',
  exitCode: 1,
  complaints: [],
  complaint: undefined,
  isFinite: false,
  timedOut: false,
  hasNewTrack: false,
} as const;

/** Describes pictures and sound, and answers some requests with what is given for them. */
async function camera(
  answers: Readonly<Record<string, string>>,
  methods = 'OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER',
  heard: string[] = [],
): Promise<string> {
  const listening = createServer((socket) => {
    const pieces = new RtspPieces();
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      for (const { head = '' } of pieces.push(chunk)) {
        const [, method = '', track = ''] = /^(\S+) \S*?(track\d)? RTSP/.exec(head) ?? [];
        heard.push(method);
        const status = answers[`${method} ${track}`.trim()] ?? '200 OK';
        const body = method === 'DESCRIBE' ? `v=0\r\n${PICTURES}${SOUND}` : '';
        if (method === 'OPTIONS' && status === '200 OK') {
          socket.write(message(`RTSP/1.0 ${status}`, `Public: ${methods}`));
          continue;
        }
        const says = ['Content-Type: application/sdp', `Content-Length: ${body.length}`];
        socket.write(message(`RTSP/1.0 ${status}`, ...(body === '' ? [] : says)) + body);
      }
    });
  }).listen(0, '127.0.0.1');
  await once(listening, 'listening');
  closers.push(async () => void listening.close());
  return `rtsp://127.0.0.1:${(listening.address() as AddressInfo).port}/cam`;
}

function inputOf(url: string) {
  const context = {
    job: { source: { url }, stream: {}, settings: { ...DEFAULT_SETTINGS, sources: LOOPBACK_SOURCES } },
    lookup: () => Promise.resolve(['127.0.0.1']),
  } as unknown as AttemptContext;
  const input = new SourceInput(context, 'ffmpeg');
  closers.push(() => input.close());
  return {
    input,
    prepare: async () => {
      const run = await input.prepare(5_000, new AbortController().signal);
      if ('kind' in run) throw new Error(`it has ended: ${run.kind}`);
      return run.access;
    },
  };
}

/** What whoever reads the source is answered, one request after the other. */
async function answersAt(url: string, ...requests: readonly string[]): Promise<string[]> {
  const client = connect(Number(new URL(url).port), '127.0.0.1');
  const answers: string[] = [];
  const chunks = client.iterator({ destroyOnReturn: false });
  for (const [sequence, request] of requests.entries()) {
    const [method = '', track = ''] = request.split(' ');
    client.write(message(`${method} ${url}${track} RTSP/1.0`, `CSeq: ${sequence + 1}`));
    answers.push(String((await chunks.next()).value));
  }
  client.destroy();
  return answers;
}

it('a server that does not set up one medium is asked for the others, and the one is left out', async () => {
  const { input, prepare } = inputOf(await camera({ 'SETUP track1': '454 Session Not Found' }));
  const asked = ['DESCRIBE', 'SETUP /track0', 'SETUP /track1'];
  const first = await answersAt((await prepare()).url, ...asked);
  expect(first[0]).toContain(SOUND);
  expect(first[2]).toContain('454');
  expect(await input.endRun(FAILED, false)).toBe('goesOn');
  const access = await prepare();
  const [told] = await answersAt(access.url, 'DESCRIBE');
  expect(told).toContain(PICTURES);
  expect(told).not.toContain('audio');
  expect(access.leftOut).toEqual([{ kind: 'audio', codec: 'pcm_alaw', reason: 'never_came', count: 1 }]);
  expect(await input.endRun(FAILED, false)).toBe('lost');
});

it('a server that is joined again is asked for all that it has', async () => {
  const { input, prepare } = inputOf(await camera({ 'SETUP track1': '454 Session Not Found' }));
  const asked = ['DESCRIBE', 'SETUP /track0', 'SETUP /track1'];
  await answersAt((await prepare()).url, ...asked);
  await input.endRun(FAILED, false);
  await prepare();
  expect(await input.endRun(FAILED, true)).toBe('lost');
  const access = await prepare();
  const [told] = await answersAt(access.url, ...asked);
  expect(told).toContain(SOUND);
  expect(access.leftOut).toEqual([]);
  // It may still have nothing else: that is found out as before.
  expect(await input.endRun(FAILED, false)).toBe('goesOn');
});

it.each([
  ['OPTIONS, DESCRIBE, SETUP, PLAY, SET_PARAMETER', ['SET_PARAMETER', 'SET_PARAMETER']],
  ['OPTIONS, DESCRIBE, SETUP, PLAY, SET_PARAMETER, GET_PARAMETER', ['OPTIONS', 'GET_PARAMETER']],
])('a server is kept by what it takes: %s', async (methods, keeps) => {
  const heard: string[] = [];
  const { prepare } = inputOf(await camera({}, methods, heard));
  const { url } = await prepare();
  expect(heard).toEqual(['DESCRIBE']);
  const asked = ['OPTIONS', 'DESCRIBE', 'PLAY'];
  await answersAt(url, ...asked, 'OPTIONS', 'GET_PARAMETER');
  expect(heard.slice(1)).toEqual([...asked, ...keeps]);
});

it('a server that is too busy for sound is asked for pictures', async () => {
  const { input, prepare } = inputOf(await camera({ 'SETUP track1': '503 Service Unavailable' }));
  await answersAt((await prepare()).url, 'DESCRIBE', 'SETUP /track0', 'SETUP /track1');
  expect(await input.endRun(FAILED, false)).toBe('goesOn');
  expect((await prepare()).leftOut).toMatchObject([{ kind: 'audio' }]);
});

it('a server that refuses to say what it can do is asked what it has all the same', async () => {
  const { prepare } = inputOf(await camera({ OPTIONS: '501 Not Implemented' }));
  const [told, described] = await answersAt((await prepare()).url, 'OPTIONS', 'DESCRIBE');
  expect(told).toMatch(/^RTSP\/1\.0 200 OK\r\nCSeq: 1\r\n/);
  expect(described).toContain(SOUND);
});

it.each([
  ['describes nothing', { DESCRIBE: '404 Not Found' }],
  ['has nothing over this transport', { 'SETUP track0': '461 Unsupported Transport' }],
  ['is too busy for pictures', { 'SETUP track0': '503 Service Unavailable' }],
  ['has too little bandwidth for pictures', { 'SETUP track0': '453 Not Enough Bandwidth' }],
])('a server that %s is not asked for less', async (_, answers) => {
  const { input, prepare } = inputOf(await camera(answers));
  await answersAt((await prepare()).url, 'DESCRIBE', 'SETUP /track0');
  expect(await input.endRun(FAILED, false)).toBe('lost');
});
