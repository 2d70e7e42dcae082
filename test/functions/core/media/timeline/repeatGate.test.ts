import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ComingSample,
  RecordedContent,
} from '../../../../../functions/core/media/timeline/recordedContent.ts';
import { RepeatGate } from '../../../../../functions/core/media/timeline/repeatGate.ts';

const FRAME_MS = 40;
const TRACKS = ['video', 'audio'];

const sampleOf = (track: string, number: number): ComingSample => ({
  track,
  data: Buffer.from(`${track} ${number}`.repeat(20)),
  timeMs: number * FRAME_MS,
  isEncoded: false,
});

/** Of sound that is encoded, which looks different each time. */
const encodedOf = (track: string, number: number): ComingSample => ({
  ...sampleOf(track, number),
  isEncoded: track === 'audio',
});

/** Joined again after so many frames. @param pictures the first of them that had one */
function joinedAfter(frames: number, connectedAtMs: number, pictures = 0, of = sampleOf): RepeatGate<string> {
  const content = new RecordedContent();
  const before = content.join(0);
  for (let i = 0; i < frames; i++)
    for (const track of TRACKS)
      if (track === 'audio' || i >= pictures) before.remember(of(track, i), i * FRAME_MS);
  before.settle(0);
  return new RepeatGate(content.join(connectedAtMs));
}

interface Sent {
  readonly number: number;
  readonly atMs: number;
}

/** What is recorded of these frames, when, by track. */
function recorded(
  gate: RepeatGate<string>,
  sent: readonly Sent[],
  of = sampleOf,
): { name: string; afterMs: number }[] {
  const all: { name: string; afterMs: number }[] = [];
  for (const { number, atMs } of sent) {
    for (const track of TRACKS) {
      for (const name of gate.push(of(track, number), `${track} ${number}`, atMs))
        all.push({ name, afterMs: atMs - (sent.find((one) => name.endsWith(` ${one.number}`))?.atMs ?? 0) });
    }
  }
  return [...all, ...gate.end().map((name) => ({ name, afterMs: 0 }))];
}

const names = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => TRACKS.map((track) => `${track} ${from + i}`)).flat();

describe('RepeatGate', () => {
  it("leaves out what a server's cache sends again, and nothing else", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 50, max: 400 }),
        fc.integer({ min: 12, max: 250 }),
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 0, max: 400 }),
        (frames, cached, away, openingMs) => {
          const connectedAtMs = 1_000_000;
          const first = Math.max(0, frames + away - cached);
          const edge = frames + away;
          // All that is cached comes at once, and the rest as it is made.
          const sent = Array.from({ length: cached + 100 }, (_, i) => ({
            number: first + i,
            atMs: connectedAtMs + Math.max(openingMs, (first + i - edge) * FRAME_MS),
          }));
          const kept = recorded(joinedAfter(frames, connectedAtMs), sent).map(({ name }) => name);
          fc.pre(first > 0 || cached * FRAME_MS - openingMs > 250);
          expect(kept).toEqual(names(Math.max(first, frames), first + sent.length));
        },
      ),
    );
  });

  it.each([
    { cached: 1, lateMs: 0 },
    { cached: 4, lateMs: 0 },
    { cached: 10, lateMs: 300 },
  ])(
    'also where a cache holds no more than $cached pictures, and ffmpeg has taken as long to begin',
    ({ cached, lateMs }) => {
      const connectedAtMs = 1_000_000;
      const sent = Array.from({ length: 100 }, (_, i) => ({
        number: 50 - cached + i,
        atMs: connectedAtMs + Math.max(400, lateMs + (i - cached) * FRAME_MS),
      }));
      const kept = recorded(joinedAfter(50, connectedAtMs), sent).map(({ name }) => name);
      expect(kept).toEqual(names(50, 50 - cached + sent.length));
    },
  );

  it.each([
    ['', sampleOf],
    [', be its sound encoded', encodedOf],
  ])('leaves out a cache that has but the few pictures since a camera was switched on%s', (_, of) => {
    const connectedAtMs = 1_000_000;
    const sent = Array.from({ length: 100 }, (_, i) => ({
      number: 46 + i,
      atMs: connectedAtMs + Math.max(0, (i - 4) * FRAME_MS),
    }));
    const kept = recorded(joinedAfter(50, connectedAtMs, 46, of), sent, of).map(({ name }) => name);
    expect(kept).toEqual(names(50, 146));
  });

  it.each(['for ten seconds', 'until its connection ends'])(
    'leaves out a cache behind which nothing comes %s, be it without its last picture',
    (until) => {
      const gate = joinedAfter(50, 1_000_000);
      const kept = Array.from({ length: 24 }, (_, i) => 25 + i).flatMap((number) =>
        TRACKS.flatMap((track) => gate.push(sampleOf(track, number), `${track} ${number}`, 1_000_400)),
      );
      const rest = until === 'for ten seconds' ? gate.tick(1_010_400) : gate.end();
      expect([...kept, ...rest]).toEqual([]);
      expect(gate.push(sampleOf('video', 49), 'last', 1_010_500)).toEqual([]);
      expect(gate.push(sampleOf('video', 50), 'next', 1_010_600)).toEqual(['next']);
    },
  );

  it.each([
    { aheadMs: 0, until: 'more follows' },
    { aheadMs: 400, until: 'more follows' },
    { aheadMs: 400, until: 'the connection ends' },
  ])(
    'leaves out encoded sound that comes $aheadMs ms before the pictures of a cache, until $until',
    ({ aheadMs, until }) => {
      const content = new RecordedContent();
      const encoded = (number: number): ComingSample => ({ ...sampleOf('audio', number), isEncoded: true });
      const before = content.join(0);
      for (let i = 0; i < 50; i++)
        for (const sample of [sampleOf('video', i), encoded(i)]) before.remember(sample, i * FRAME_MS);
      before.settle(0);
      const gate = new RepeatGate<string>(content.join(1_000_000));
      const cached = Array.from({ length: 20 }, (_, i) => 30 + i);
      const kept = [
        ...cached.flatMap((number) => gate.push(encoded(number), `audio ${number}`, 1_000_000)),
        ...gate.tick(1_000_000 + aheadMs),
        ...cached.flatMap((number) =>
          gate.push(sampleOf('video', number), `video ${number}`, 1_000_000 + aheadMs),
        ),
      ];
      const rest =
        until === 'the connection ends' ? gate.end() : gate.push(encoded(51), 'audio 51', 1_000_500);
      expect([...kept, ...rest]).toEqual(until === 'the connection ends' ? [] : ['audio 51']);
    },
  );

  it.each([
    { when: 'while the cache still comes', pictureLateMs: 100 },
    { when: 'behind it', pictureLateMs: 0 },
  ])(
    'records encoded sound of a publisher who begins anew $when, whose times are small',
    ({ pictureLateMs }) => {
      const content = new RecordedContent();
      const encoded = (number: number): ComingSample => ({ ...sampleOf('audio', number), isEncoded: true });
      const before = content.join(0);
      for (let i = 0; i < 100; i++)
        for (const sample of [sampleOf('video', i), encoded(i)]) before.remember(sample, i * FRAME_MS);
      before.settle(0);
      const connectedAtMs = 1_000_000;
      const gate = new RepeatGate<string>(content.join(connectedAtMs));
      const cached = Array.from({ length: 20 }, (_, i) => 80 + i);
      const next = Array.from({ length: 40 }, (_, number) => number);
      const pictures = (): readonly string[] =>
        cached.flatMap((number) =>
          gate.push(sampleOf('video', number), `video ${number}`, connectedAtMs + pictureLateMs),
        );
      const kept = [
        ...(pictureLateMs === 0 ? pictures() : []),
        ...[...cached, ...next].flatMap((number) =>
          gate.push(encoded(number), `audio ${number}`, connectedAtMs),
        ),
        ...(pictureLateMs === 0 ? [] : pictures()),
      ];
      expect([...kept, ...gate.end()]).toEqual(next.map((number) => `audio ${number}`));
    },
  );

  it('leaves out sound of a cache that is copied, where it was encoded when it was recorded', () => {
    const content = new RecordedContent();
    const before = content.join(0);
    for (let i = 0; i < 50; i++) {
      before.remember(sampleOf('video', i), i * FRAME_MS);
      before.remember(
        { ...sampleOf('audio', i), data: Buffer.from('encoded'), isEncoded: true },
        i * FRAME_MS,
      );
    }
    before.settle(0);
    const sent = Array.from({ length: 60 }, (_, i) => ({ number: 30 + i, atMs: 1_000_000 }));
    const kept = recorded(new RepeatGate(content.join(1_000_000)), sent).map(({ name }) => name);
    expect(kept).toEqual(names(50, 90));
  });

  it('records a publisher who begins the same again, a moment later', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 10, max: 400 }),
        fc.integer({ min: 0, max: 3_000 }),
        fc.constantFrom(sampleOf, encodedOf),
        (frames, openingMs, of) => {
          const connectedAtMs = 1_000_000;
          // ffmpeg looks at what comes for a while, and then gives it at once.
          const sent = Array.from({ length: 300 }, (_, number) => ({
            number,
            atMs: connectedAtMs + Math.max(openingMs, number * FRAME_MS),
          }));
          const kept = recorded(joinedAfter(frames, connectedAtMs, 0, of), sent, of);
          expect(kept.map(({ name }) => name)).toEqual(names(0, 300));
          expect(Math.max(...kept.map(({ afterMs }) => afterMs))).toBeLessThan(2_000);
        },
      ),
    );
  });

  it('holds nothing where nothing is known', () => {
    const gate = new RepeatGate<string>(new RecordedContent().join(0));
    expect(gate.isHolding).toBe(false);
    expect(gate.push(sampleOf('video', 1), 'one', 0)).toEqual(['one']);
  });

  it('takes what is new for new within a third of a second', () => {
    const gate = joinedAfter(100, 0);
    expect(gate.push(sampleOf('video', 500), 'one', 10_000)).toEqual([]);
    expect(gate.tick(10_300)).toEqual(['one']);
  });
});
