import { crc32 } from 'node:zlib';
import { Logger } from '@aws-lambda-powertools/logger';
import type { S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { Journal } from '../../../container/upload/journal.ts';
import { LivePlayback } from '../../../container/upload/livePlayback.ts';
import { decodeIndex, type PlacedEntry } from '../../../functions/core/journal/format.ts';
import { keptForPlaybackMs } from '../../../functions/core/playback/liveWindow.ts';
import { journalPrefix } from '../../../functions/core/state/keys.ts';
import { MemoryS3 } from '../../support/memoryS3.ts';

const SETTINGS = { liveWindowMs: 60_000, maxLossMs: 2_000 };
const KEPT_MS = keptForPlaybackMs(SETTINGS.liveWindowMs);
const BYTES = 10;

function live(): LivePlayback {
  const playback = LivePlayback.of(SETTINGS);
  if (playback === undefined) throw new Error('it can be watched');
  return playback;
}

describe('what can be watched', () => {
  it('is kept for as long as a list may have it while it goes on, and afterwards only where somebody watched', () => {
    const playback = live();
    expect(playback.keeps(0, KEPT_MS - 1)).toBe(true);
    expect(playback.keeps(0, KEPT_MS)).toBe(false);
    playback.end();
    expect(playback.keeps(0, 1)).toBe(false);
    playback.watched(10);
    expect(playback.keeps(0, 20)).toBe(true);
    expect(playback.keeps(0, KEPT_MS)).toBe(false);
    expect(LivePlayback.of({ ...SETTINGS, liveWindowMs: 0 })).toBeUndefined();
  });

  it('comes into the journal whole and in order: the end of a part that is complete before the next part', async () => {
    const s3 = new MemoryS3();
    const journal = new Journal('host/live', {
      ...{ s3: s3 as unknown as S3Client, bucket: 'landing', log: new Logger({ logLevel: 'SILENT' }) },
      nowMs: Date.now,
    });
    const playback = live();
    playback.watched(Date.now());
    const file = (number: number) => {
      let bytes = 0;
      const track = journal.track({
        ...{ file: { recordingId: 'r', attempt: 1, file: number }, maxLossMs: 60_000, live: playback },
        ...{ isRescued: async () => false, part: () => number },
        upload: {
          get bytes() {
            return bytes;
          },
          prefixBytes: 0,
          keptFrom: (from) => ({ from, to: bytes }),
          crc32: (from, to) => crc32(Buffer.alloc(to - from, number)),
          hold: async (from, to) => ({ pieces: [Buffer.alloc(to - from, number)], release: () => undefined }),
          taken: () => undefined,
        },
      });
      const add = (): void => {
        const startMs = 100 * bytes;
        bytes += BYTES;
        const played = { startMs, endMs: startMs + 1_000, keyframe: true, bytes: BYTES };
        const facts = { durationMs: played.endMs, videoFrames: 1, atMs: 1 };
        track.added(facts, { keyframe: true, headBytes: 0, played });
      };
      return { track, add };
    };
    const [first, second] = [file(1), file(2)];
    first.add();
    await journal.flush();
    // More than a segment may last comes at once; and the file is complete before the journal has it.
    for (let n = 0; n < 5; n++) first.add();
    second.add();
    first.track.complete();
    await journal.flush();
    await first.track.drained;
    await journal.close();
    const entries = s3.keys(journalPrefix('host/live')).flatMap((key): readonly PlacedEntry[] => {
      const object = s3.object(key);
      const index = decodeIndex(object, object.length);
      return 'entries' in index ? index.entries : [];
    });
    expect(entries.map(({ file, offset, bytes, live: own }) => [file, offset, bytes, own?.sequence])).toEqual(
      [
        [1, 0, 10, 0],
        [1, 10, 30, 1],
        [1, 40, 20, 2],
        [2, 0, 10, 3],
      ],
    );
    expect(entries.map(({ live: own }) => own?.discontinuity)).toEqual([0, 0, 0, 1]);
  });
});
