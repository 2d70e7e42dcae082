import { expect, it } from 'vitest';
import type { ApiError } from '../../../clients/typescript/client.ts';
import { type Hls, type HlsFault, onPlaybackFault, type Playing } from '../../../clients/web/playerFaults.ts';

/** An hls.js, of which the test says what it tells. */
class OneHls implements Hls {
  readonly playingDate = null;
  readonly listeners = new Set<(event: string, fault: HlsFault) => void>();
  on(_event: 'hlsError', listener: (event: string, fault: HlsFault) => void): void {
    this.listeners.add(listener);
  }
  off(_event: 'hlsError', listener: (event: string, fault: HlsFault) => void): void {
    this.listeners.delete(listener);
  }
  tell(fault: HlsFault): void {
    for (const listener of this.listeners) listener('hlsError', fault);
  }
}

/** An element as hls-video-element is: its hls.js is there, or another one is, a microtask after it has a source. */
class Video extends EventTarget {
  api: OneHls | null = null;
  readonly error = { message: 'no such file' };
  load(): OneHls {
    const next = new OneHls();
    this.api = null;
    queueMicrotask(() => {
      this.api = next;
    });
    return next;
  }
  get playing(): Playing {
    return this as unknown as Playing;
  }
}

const fatal = (details: string, code?: number): HlsFault => ({
  fatal: true,
  details,
  ...(code === undefined ? {} : { response: { code } }),
});
const done = () => Promise.resolve();

it('says of a stream that it plays no further, and whether what comes next is not there', async () => {
  const video = new Video();
  const hls = video.load();
  const told: ApiError[] = [];
  // As where a page renders twice at once: before there is an hls.js.
  onPlaybackFault(video.playing, (fault) => told.push(fault));
  await done();
  hls.tell({ fatal: false, details: 'bufferStalledError' });
  expect(told).toEqual([]);
  for (const code of [401, 403, 404, 410]) hls.tell(fatal('fragLoadError', code));
  for (const { message } of told) expect(message).toContain('is not there any more, or its link has run out');
  hls.tell(fatal('levelLoadError', 503));
  hls.tell(fatal('bufferAddCodecError'));
  expect(told.slice(4).map(({ message }) => message)).toEqual(
    Array(2).fill(expect.stringContaining('cannot load or show what comes next')),
  );
  expect(told.at(-1)).toMatchObject({ code: 'playback_failed', cause: 'bufferAddCodecError' });
});

it('listens to the hls.js of the present source alone', async () => {
  const video = new Video();
  const told: ApiError[] = [];
  const tell = (fault: ApiError) => void told.push(fault);
  const first = video.load();
  const endFirst = onPlaybackFault(video.playing, tell);
  await done();
  endFirst();
  const second = video.load();
  const endSecond = onPlaybackFault(video.playing, tell);
  // And one that is given up before it was there.
  endSecond();
  const third = video.load();
  onPlaybackFault(video.playing, tell);
  await done();
  expect([first, second, third].map(({ listeners }) => listeners.size)).toEqual([0, 0, 1]);
});

it('says it of a file, of which the browser alone knows', async () => {
  const video = new Video();
  const told: ApiError[] = [];
  const end = onPlaybackFault(video.playing, (fault) => told.push(fault));
  await done();
  video.dispatchEvent(new Event('error'));
  expect(told).toMatchObject([{ code: 'playback_failed', cause: 'no such file' }]);
  end();
  video.dispatchEvent(new Event('error'));
  expect(told).toHaveLength(1);
});
