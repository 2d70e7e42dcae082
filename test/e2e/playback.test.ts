import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestApi } from '../api/support.ts';
import { waitFor } from '../support/children.ts';
import { counterStreamArgs, readCounters } from '../support/counterStream.ts';
import { AUDIO, FLV_HEADER, flvTags, isConfiguration, writeFlv } from '../support/flvTags.ts';
import { HttpSource } from '../support/httpSource.ts';
import { frameHashes, MediaFolder } from '../support/media.ts';
import { HASH } from '../support/probing.ts';
import { describeWith } from '../support/tools.ts';

const FPS = 25;
const SECONDS = 24;
const WAIT_MS = 120_000;
const LIVE_FPS = 10;
/** Nobody waits for its end: it is stopped. */
const LIVE_SECONDS = 90;

/** A hash of every packet. Not in this process's way: the runtime that it asks is in it. */
async function packetsOf(input: string, kind: 'v' | 'a', options: readonly string[] = []): Promise<string[]> {
  const { stdout } = await promisify(execFile)(
    'ffmpeg',
    [
      ...['-v', 'error', '-nostdin', ...options, '-i', input, '-map', `0:${kind}:0`, '-c', 'copy'],
      ...['-f', 'framehash', '-hash', HASH, '-'],
    ],
    { maxBuffer: 64 * 1024 * 1024 },
  );
  return stdout
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(',')[5]?.trim() ?? '');
}

interface Answered {
  readonly recordingId: string;
  readonly parts: { part: number; durationMs: number; download: { url: string } }[];
  readonly play: { readonly hls: { readonly url: string; readonly expiresInSeconds: number } };
}

interface Live {
  readonly status: string;
  readonly parts: { readonly part: number; readonly download?: { readonly url: string } }[];
  readonly play?: { readonly hls: { readonly url: string; readonly live: boolean } };
}

describeWith(['ffmpeg'], 'a recording', () => {
  const folder = new MediaFolder();
  const sources: HttpSource[] = [];
  let api: TestApi;
  let recording: Answered;
  /** A stream that takes its time. */
  let live: Buffer;

  /** Records this stream, and waits until it is in the library. */
  async function record(stream: Buffer, config: object): Promise<Answered> {
    const source = await HttpSource.start(stream);
    sources.push(source);
    const { body } = await api.call('POST', '/recordings', {
      // It has all been sent: nobody waits for it to come back.
      body: {
        sourceUrl: source.url,
        streamName: `camera ${sources.length}`,
        config: { ...config, reconnectWindow: 0 },
      },
    });
    for (let tries = 0; tries < 5; tries++) {
      const { body: found } = await api.call(
        'GET',
        `/recordings/${body.recordingId}?waitFor=available&timeout=20`,
      );
      if (found.status === 'available') return found as unknown as Answered;
    }
    throw new Error('it did not become available');
  }

  beforeAll(async () => {
    api = await TestApi.start({ launchDelayMs: 0 });
    const made = counterStreamArgs({ fps: LIVE_FPS, keyframeEvery: LIVE_FPS });
    live = folder.pipe('live.flv', [
      ...made.filter((arg) => arg !== '-re'),
      ...['-t', String(LIVE_SECONDS), '-flvflags', 'no_duration_filesize', '-f', 'flv'],
    ]);
    const args = counterStreamArgs({ fps: FPS, keyframeEvery: 2 * FPS }).filter((arg) => arg !== '-re');
    const flv = folder.pipe('source.flv', [
      ...args.map((arg) => (arg === 'zerolatency' ? 'animation' : arg)),
      ...['-bf', '2', '-t', String(SECONDS), '-flvflags', 'no_duration_filesize', '-f', 'flv'],
    ]);
    // Sound is away for a while in the second part.
    const kept = flvTags(flv).filter(
      (tag) => tag.kind !== AUDIO || isConfiguration(tag) || tag.atMs < 10_000 || tag.atMs > 14_000,
    );
    recording = await record(Buffer.concat([FLV_HEADER, writeFlv(kept)]), { rotation: 8, join: true });
  }, WAIT_MS);
  afterAll(async () => {
    await api.close();
    await Promise.all(sources.map((source) => source.close()));
    folder.remove();
  });

  const recordOf = async (part: { readonly download: { readonly url: string } }, name: string) =>
    folder.write(name, Buffer.from(await (await fetch(part.download.url)).arrayBuffer()));

  it(
    'is watched while it goes on, from its first frame to its last, over a new part, as it is recorded',
    async () => {
      const source = await HttpSource.start(live, { bytesPerSecond: live.length / LIVE_SECONDS });
      sources.push(source);
      const { body: started } = await api.call('POST', '/recordings', {
        body: { sourceUrl: source.url, streamName: 'camera', config: { reconnectWindow: 0 } },
      });
      const route = `/recordings/${String(started.recordingId)}`;
      const now = async () => (await api.call('GET', route)).body as unknown as Live;
      const { url, live: goesOn } = await waitFor('the link', async () => (await now()).play?.hls);
      expect(goesOn).toBe(true);
      const list = async (name: string) => (await fetch(new URL(name, url))).text();
      expect(await list('stream.m3u8')).toMatch(/\nlive\.m3u8\n$/);
      // What is asked of the recorder comes with what it is told of viewers.
      await waitFor('a list', async () => ((await list('live.m3u8')).includes('.m4s') ? true : undefined));
      const watched = packetsOf(url, 'v', ['-live_start_index', '0']);
      await api.call('POST', `${route}/rotate`);
      await waitFor('the second part', async () => ((await now()).parts.length === 2 ? true : undefined));
      const before = await list('live.m3u8');
      await api.call('POST', `${route}/stop`);
      const pictures = await watched;
      const { parts, play } = await waitFor('the records', async () => {
        const found = await now();
        return found.status === 'available' ? found : undefined;
      });
      const recorded: string[] = [];
      for (const { download } of parts) recorded.push(...(await packetsOf(download?.url ?? '', 'v')));
      expect(pictures).toEqual(recorded);
      // Whoever watches has the same list, to its end; whoever loads anew, all of it.
      const after = await list('live.m3u8');
      expect(after.startsWith(before)).toBe(true);
      expect(after.endsWith('#EXT-X-ENDLIST\n')).toBe(true);
      expect(after.match(/EXT-X-DISCONTINUITY\n/g)).toHaveLength(1);
      expect(after.match(/EXT-X-MAP:URI="init-[12]\.mp4"/g)).toHaveLength(2);
      expect(await list('stream.m3u8')).toMatch(/\nvod\.m3u8\n$/);
      expect(play?.hls.live).toBe(false);
      expect(api.lines.join('\n')).not.toContain(url.split('/').at(-2) ?? '');
    },
    WAIT_MS,
  );

  it('has one link to all its parts, whose list has no token and leads to the records themselves', async () => {
    const { url, expiresInSeconds } = recording.play.hls;
    expect(expiresInSeconds).toBeGreaterThan(3600);
    const answer = await fetch(url);
    expect(answer.headers.get('content-type')).toBe('application/vnd.apple.mpegurl');
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    const list = await answer.text();
    const token = url.split('/').at(-2) ?? '';
    expect(list).not.toContain(token);
    expect(list.match(/EXT-X-MAP/g)).toHaveLength(recording.parts.length);
    expect(list.match(/EXT-X-DISCONTINUITY/g)).toHaveLength(recording.parts.length - 1);
    const redirect = await fetch(new URL('1.mp4', url), { redirect: 'manual' });
    expect(redirect.status).toBe(302);
    expect(redirect.headers.get('location')).toContain('X-Amz-Signature');
    expect(api.lines.join('\n')).not.toContain(token);
    // What a browser asks first to which a range is no simple header.
    const asked = await fetch(new URL('1.mp4', url), {
      method: 'OPTIONS',
      headers: { 'access-control-request-method': 'GET', 'access-control-request-headers': 'range' },
    });
    expect(asked.status).toBe(204);
    expect(Object.fromEntries(asked.headers)).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET, HEAD',
      'access-control-allow-headers': 'range',
    });
    // It was kept, and is the same again.
    expect(await (await fetch(url)).text()).toBe(list);
  });

  it('has every picture of the records, byte for byte, and all their sound', async () => {
    const { url } = recording.play.hls;
    const pictures: string[] = [];
    const sound: string[] = [];
    for (const part of recording.parts) {
      const file = await recordOf(part, `part${part.part}.mp4`);
      pictures.push(...(await packetsOf(file, 'v')));
      sound.push(...(await packetsOf(file, 'a')));
    }
    expect(pictures).toHaveLength(SECONDS * FPS);
    expect(await packetsOf(url, 'v')).toEqual(pictures);
    const played = await packetsOf(url, 'a');
    const known = new Set(sound);
    expect(played.filter((hash) => known.has(hash))).toEqual(sound);
    // Silence of one kind, for about 4 s.
    const silent = played.filter((hash) => !known.has(hash));
    expect(new Set(silent).size).toBe(1);
    expect(Math.abs(silent.length * (1024 / 44_100) - 4)).toBeLessThan(0.5);
  });

  it(
    'is cut into clips, and joined, by the API',
    async () => {
      const asked = `/recordings/${recording.recordingId}`;
      const made = async (expected: number, route: string, body?: object): Promise<string[]> => {
        const { status, body: clip } = await api.call('POST', route, body === undefined ? {} : { body });
        expect(status).toBe(expected);
        const found = await waitFor('the clip', async () => {
          const { body: now } = await api.call('GET', `${asked}/clips/${String(clip.clipId)}`);
          return now.status === 'available' ? now : undefined;
        });
        return frameHashes((found.download as { url: string }).url, 'v');
      };
      const pictures: string[] = [];
      for (const part of recording.parts)
        pictures.push(...(await frameHashes(await recordOf(part, `part${part.part}.mp4`), 'v')));
      // It was recorded so: `join` of its config.
      const clips = async () => (await api.call('GET', `${asked}/clips`)).body.clips as object[];
      await waitFor('the join', async () => ((await clips()).length > 0 ? true : undefined));
      expect(await made(200, `${asked}/join`)).toEqual(pictures);
      // Over two borders of parts, from the middle of a group of pictures on.
      const clip = await made(201, `${asked}/clips`, { from: 6_500, to: 17_500, name: 'cut' });
      expect(clip).toHaveLength(11 * FPS);
      expect(pictures.join()).toContain(clip.join());
      expect(await clips()).toMatchObject([{ kind: 'join' }, { kind: 'clip', name: 'cut' }]);
    },
    WAIT_MS,
  );

  it('is decoded by ffmpeg as the record is', async () => {
    // Of later parts ffmpeg takes the first fragment for an overlap and does not show it (docs/decisions/playback.md).
    const first = await frameHashes(folder.file('part1.mp4'), 'v');
    expect(first.length).toBeGreaterThan(150);
    expect((await frameHashes(recording.play.hls.url, 'v')).slice(0, first.length)).toEqual(first);
  });

  it(
    'plays MPEG-TS as it is',
    async () => {
      const ts = await record(await readFile(folder.file('source.flv')), { format: 'h264-ts' });
      const { url } = ts.play.hls;
      expect(await (await fetch(url)).text()).not.toContain('EXT-X-MAP');
      expect(await readCounters(url)).toEqual(Array.from({ length: SECONDS * FPS }, (_, number) => number));
    },
    WAIT_MS,
  );

  it(
    'says of WebM and Matroska why there is no stream',
    async () => {
      const { play } = (await record(await readFile(folder.file('source.flv')), {
        format: 'h264-mkv',
      })) as unknown as { play: object };
      expect(play).toEqual({
        unavailable: { code: 'container', message: expect.stringContaining('Matroska') },
      });
    },
    WAIT_MS,
  );

  it('says to HEAD what it says to GET, and leads on to where HEAD is answered', async () => {
    const { url } = recording.play.hls;
    const [list, whole] = await Promise.all([fetch(url, { method: 'HEAD' }), fetch(url)]);
    const kindOf = ({ status, headers }: Response) => [status, headers.get('content-type')];
    expect([kindOf(list), await list.text()]).toEqual([kindOf(whole), '']);
    const record = await fetch(new URL('1.mp4', url), { method: 'HEAD' });
    const got = await fetch(new URL('1.mp4', url), { headers: { range: 'bytes=0-0' } });
    expect([record.status, got.status]).toEqual([200, 206]);
    expect(got.headers.get('content-range')).toBe(`bytes 0-0/${record.headers.get('content-length')}`);
  });

  it('refuses links that are forged, cut off, or of another kind, and tells all the same', async () => {
    const { url } = recording.play.hls;
    const token = url.split('/').at(-2) ?? '';
    const { origin } = new URL(url);
    const answers = await Promise.all(
      [`${token}x`, token.slice(0, -1), token.slice(1), 'x', token.replace(/^./, '7')].map(async (forged) => {
        const { status, body } = await api.call('GET', `/play/${forged}/vod.m3u8`);
        return { status, code: (body.error as { code: string }).code };
      }),
    );
    expect(new Set(answers.map((one) => JSON.stringify(one)))).toEqual(
      new Set([JSON.stringify({ status: 403, code: 'link_refused' })]),
    );
    for (const name of ['9.mp4', 'init-9.mp4', '1.webm', 'other.m3u8'])
      expect((await fetch(`${origin}/play/${token}/${name}`)).status).toBe(404);
    expect(path.basename(url)).toBe('vod.m3u8');
  });
});
