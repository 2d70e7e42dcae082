import { afterEach, describe, expect, it, vi } from 'vitest';
import { Follower } from '../../../../container/source/hls/follower.ts';
import { type HttpAnswer, HttpFault } from '../../../../container/source/reach/judgedHttp.ts';

const NEVER = new AbortController().signal;
const SEGMENT_MS = 100;

/** A playlist that is another one each time that it is loaded, and stays the last one; or cannot be had. */
function following(...shown: (readonly [sequence: number, names: string] | 'fault')[]): Follower {
  const answers = shown.map((one) => (one === 'fault' ? one : textOf(...one)));
  const get = async (url: string): Promise<HttpAnswer> => {
    const [answer = ''] = answers.length > 1 ? answers.splice(0, 1) : answers;
    if (answer === 'fault') throw new HttpFault('refused', { status: 503 });
    return { url, bytes: undefined, body: bodyOf(answer) };
  };
  return new Follower(
    { url: 'http://packager.test/live.m3u8' },
    {
      http: { get },
      // Longer than a test may take.
      idleTimeoutMs: 600_000,
      clock: { nowMs: () => performance.now() },
      fingerprint: async ({ uri }) => uri,
    },
  );
}

function textOf(sequence: number, names: string): string {
  const segments = names.split(' ').flatMap((name) => [`#EXTINF:${SEGMENT_MS / 1_000},`, `${name}.ts`]);
  const head = ['#EXTM3U', '#EXT-X-TARGETDURATION:1', `#EXT-X-MEDIA-SEQUENCE:${sequence}`];
  return [...head, ...segments].join('\n');
}

async function* bodyOf(text: string): AsyncGenerator<Buffer, void, undefined> {
  yield Buffer.from(text);
}

/** Takes so many. @returns their names; `|` is in front of one with which numbers begin again */
async function take(follower: Follower, count: number): Promise<string[]> {
  const names: string[] = [];
  for (let i = 0; i < count; i++) {
    const next = await follower.next(NEVER);
    names.push(`${next?.isRestart === true ? '|' : ''}${next?.segment.uri.replace('.ts', '')}`);
    follower.take();
    follower.identify(next?.segment.uri);
  }
  return names;
}

describe('Follower', () => {
  afterEach(() => vi.restoreAllMocks());

  it('finds a segment when its playlist was to be loaded again, however late that is', async () => {
    let nowMs = 1_000;
    vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
    const follower = following([0, 'a'], [1, 'b']);
    expect(await follower.next(NEVER)).toMatchObject({ foundAtMs: 1_000 });
    follower.take();
    nowMs += 60_000;
    const found = await follower.next(NEVER);
    expect(found?.foundAtMs).toBeLessThan(3_000);
    expect(found?.foundAtMs).toBeGreaterThan(1_000);
    expect(found?.seenAtMs).toBe(61_000);
  });

  it('is away while its playlist cannot be had, and asks again at once when it is hurried', async () => {
    // Unhurried it waits longer after each fault: for minutes in all.
    const faults = Array.from({ length: 100 }, () => 'fault' as const);
    const follower = following([0, 'a'], ...faults, [0, 'a b']);
    await take(follower, 1);
    const taken = take(follower, 1);
    const away = new Set<boolean>();
    const hurry = setInterval(() => {
      void follower.hurry();
      away.add(follower.isAway);
    });
    expect(await taken).toEqual(['b']);
    clearInterval(hurry);
    expect(away).toContain(true);
    expect(follower.isAway).toBe(false);
  });

  it('sees what leaves its playlist while the next segment waits', async () => {
    const follower = following([0, 'a'], [0, 'a b'], [0, 'c']);
    await follower.next(NEVER);
    follower.keepUp(NEVER);
    await follower.hurry();
    await follower.hurry();
    expect(await take(follower, 3)).toEqual(['a', 'b', '|c']);
  });

  it('looks again where the look that it has waited for is aborted', async () => {
    const follower = following([0, 'a'], [0, 'a b']);
    await follower.next(NEVER);
    const life = new AbortController();
    follower.keepUp(life.signal);
    const taken = take(follower, 2);
    life.abort();
    expect(await taken).toEqual(['a', 'b']);
  });

  it('goes back to segments that were listed before the numbers began again', async () => {
    const follower = following([0, 'a b c'], [0, 'd e']);
    expect(await take(follower, 3)).toEqual(['a', 'b', 'c']);
    await follower.next(NEVER);
    follower.goBack(2);
    expect(await take(follower, 4)).toEqual(['b', 'c', '|d', 'e']);
    follower.goBack(1);
    expect(await take(follower, 1)).toEqual(['e']);
    follower.goBack(3);
    expect(await take(follower, 3)).toEqual(['c', '|d', 'e']);
  });

  it('says with which one numbers begin again, and what is missing, when those before it are gone', async () => {
    const follower = following([0, 'a b c'], [0, 'd e']);
    await take(follower, 3);
    await follower.next(NEVER);
    follower.goBack(2);
    expect(await follower.next(NEVER)).toMatchObject({ isAgain: true, isRestart: false, missedMs: 0 });
    follower.skip();
    follower.skip();
    const missedMs = 2 * SEGMENT_MS;
    expect(await follower.next(NEVER)).toMatchObject({ isAgain: false, isRestart: true, missedMs });
  });

  it('goes back to no segment that has left the playlist', async () => {
    const follower = following([0, 'a b c'], [2, 'c d']);
    expect(await take(follower, 4)).toEqual(['a', 'b', 'c', 'd']);
    follower.goBack(4);
    expect(await take(follower, 2)).toEqual(['c', 'd']);
  });

  it('counts no segment that could not be had when it goes back', async () => {
    const follower = following([0, 'a b c d']);
    expect(await take(follower, 2)).toEqual(['b', 'c']);
    await follower.next(NEVER);
    follower.skip();
    follower.goBack(2);
    expect(await take(follower, 2)).toEqual(['b', 'c']);
    expect(await follower.next(NEVER)).toMatchObject({ isAgain: false, missedMs: 0 });
  });
});
