import { afterEach, describe, expect, it, vi } from 'vitest';
import { Reloading } from '../../../../container/source/hls/reloading.ts';

const NEVER = new AbortController().signal;
const SEGMENT_MS = 4_000;
const FIRST = [`#EXTINF:${SEGMENT_MS / 1_000},`, 'a.m4s'];
const SECOND = [`#EXTINF:${SEGMENT_MS / 1_000},`, 'b.m4s'];
const PART = '#EXT-X-PART:DURATION=1,URI="b.m4s",BYTERANGE="100@0"';

/** A playlist that lists something else each time that it is loaded. */
function reloading(...listed: readonly (readonly string[])[]): Reloading {
  const answers = listed.map((lines) => ['#EXTM3U', '#EXT-X-TARGETDURATION:4', ...lines].join('\n'));
  return new Reloading(
    { url: 'http://packager.test/live.m3u8' },
    {
      http: { get: async (url) => ({ url, bytes: undefined, body: bodyOf(answers.shift() ?? '') }) },
      idleTimeoutMs: 600_000,
    },
  );
}

async function* bodyOf(text: string): AsyncGenerator<Buffer, void, undefined> {
  yield Buffer.from(text);
}

describe('Reloading', () => {
  afterEach(() => vi.restoreAllMocks());

  it.each([
    ['a segment is new', [...FIRST, ...SECOND], SEGMENT_MS],
    ['nothing is new', FIRST, SEGMENT_MS / 2],
    ['parts of a segment are new that is not whole yet', [...FIRST, PART], SEGMENT_MS / 2],
  ])('loads again after a segment, or half of one: where %s', async (_what, then, afterMs) => {
    let nowMs = 1_000;
    vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
    const playlist = reloading(FIRST, then, then);
    await playlist.load(NEVER);
    nowMs += SEGMENT_MS;
    await playlist.load(NEVER);
    nowMs += 60_000;
    await playlist.load(NEVER);
    expect(playlist.lateMs).toBe(60_000 - afterMs);
  });
});
