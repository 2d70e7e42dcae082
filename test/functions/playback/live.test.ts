import { Logger } from '@aws-lambda-powertools/logger';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it } from 'vitest';
import { Journal } from '../../../container/upload/journal.ts';
import { rangeHeader } from '../../../functions/aws/rangeLinks.ts';
import { MemoryPages } from '../../../functions/core/media/pages.ts';
import type { Fragment } from '../../../functions/core/media/types.ts';
import {
  attemptKey,
  controlKey,
  journalId,
  journalPrefix,
  liveJoinKey,
  outcomeKey,
  partKey,
} from '../../../functions/core/state/keys.ts';
import { controlSchema, liveJoinSchema } from '../../../functions/core/state/objects.ts';
import { type OpenPart, openPartSchema } from '../../../functions/core/state/partObjects.ts';
import { LivePlaying } from '../../../functions/playback/live.ts';
import { benchForTests, folderForTests } from '../../support/forTests.ts';
import { FRAGMENT_BYTES, Written } from '../../support/journaledRecording.ts';
import { fragmentsOf, liveMedia, nutOf } from '../../support/liveMedia.ts';
import { frameHashes } from '../../support/media.ts';
import { atLeastOne } from '../../support/parts.ts';
import { describeWith } from '../../support/tools.ts';

const LANDING = 'landing';
const MAPS = ['0:v:0'];
const log = new Logger({ logLevel: 'SILENT' });

describe('a recording that goes on', () => {
  const bench = benchForTests();
  const journals: Journal[] = [];
  let nowMs = Date.now();
  const playing = () => new LivePlaying({ s3: bench.s3, store: bench.store, nowMs: () => nowMs });

  function newJournal(worker: string): Journal {
    const journal = new Journal(journalId('live', worker), {
      ...{ s3: bench.s3, bucket: LANDING, log, nowMs: Date.now },
    });
    journals.push(journal);
    return journal;
  }
  afterEach(async () => {
    Reflect.deleteProperty(bench.faults, 'hit');
    for (const journal of journals.splice(0)) await journal.close();
  });

  async function attempt(
    journal: Journal,
    recordingId: string,
    number: number,
    startTimeMs: number,
    init: Buffer = Buffer.from('head'),
  ) {
    await bench.store.create(attemptKey(recordingId, number, 'claim'), {
      ...{ attempt: number, claimedAtMs: startTimeMs, journal: journal.id },
    });
    const open: OpenPart = {
      ...{ part: number, attempt: number, file: 1, key: `records/${recordingId}/${number}/cam.mp4` },
      ...{ uploadId: 'upload', fileName: 'cam.mp4', format: 'mp4', openedAtMs: startTimeMs, startTimeMs },
      ...{ tracks: [{ kind: 'video', codec: 'h264' }], init: init.toString('base64') },
    };
    await bench.store.create(partKey(recordingId, number, 'open'), open);
  }

  const end = (recordingId: string, number: number): Promise<boolean> =>
    bench.store.create(attemptKey(recordingId, number, 'end'), {
      ...{ attempt: number, endedAtMs: nowMs, by: 'task', reason: { code: 'handed_over', message: 'x' } },
    });

  /** Reads of journals from now on. */
  function countReads(): { count: number } {
    const reads = { count: 0 };
    const before = bench.faults.hit.bind(bench.faults);
    bench.faults.hit = (call) => {
      if (call.operation === 'GetObject' && call.target.includes('/state/journal/')) reads.count += 1;
      return before(call);
    };
    return reads;
  }

  it('has the same list whoever makes it, in few requests, and segments that hold it alone', async () => {
    const [own, other] = [await bench.createJob('rtmp://h/a/b'), await bench.createJob('rtmp://h/a/c')];
    const journal = newJournal('shared');
    const [a, b] = [new Written(journal, own, 0xaa), new Written(journal, other, 0xbb)];
    await attempt(journal, own, 1, nowMs - 100_000);
    await attempt(journal, other, 1, nowMs - 100_000);
    const warm = playing();
    const known = new Map<string, string>();
    for (let object = 1; object <= 70; object++) {
      a.add();
      b.add();
      await journal.flush();
      if (object % 10 !== 0) continue;
      nowMs += 1_000;
      const list = await warm.list(own);
      for (const [, lasts = '', name = ''] of list.matchAll(/#EXTINF:([\d.]+),\n#[^\n]+\n([^\n#]+)\n/g)) {
        expect(known.get(name) ?? lasts).toBe(lasts);
        known.set(name, lasts);
      }
    }
    expect(known.size).toBe(70);
    nowMs += 1_000;
    const warmList = await warm.list(own);
    const reads = countReads();
    expect(await playing().list(own)).toBe(warmList);
    // Two that repeat what others have, and those after them: what a recording begins with may have one of its own.
    expect(reads.count).toBeLessThanOrEqual(2 + 8);
    // Told once: whoever records need not be told again for a minute.
    const control = await bench.store.read(controlKey(own), controlSchema);
    expect(control?.value).toMatchObject({ commands: [], watchedAtMs: expect.any(Number) });

    for (const [name] of known) {
      const range = await warm.segment(own, name);
      const { Body } = await bench.s3.send(
        new GetObjectCommand({ Bucket: range.bucket, Key: range.key, Range: rangeHeader(range) }),
      );
      const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
      expect(bytes.equals(Buffer.alloc(FRAGMENT_BYTES, 0xaa))).toBe(true);
      // The other place in the object is the other recording's.
      const [object, place] = name.split(/[-.]/).slice(1);
      const others = `1-${object}-${1 - Number(place)}.m4s`;
      for (const one of [warm, playing()])
        await expect(one.segment(own, others)).rejects.toMatchObject({ code: 'recording_not_found' });
      break;
    }
    for (const name of ['1-999-0.m4s', '2-1-0.m4s', '1-1-7.m4s'])
      await expect(warm.segment(own, name)).rejects.toMatchObject({ code: 'recording_not_found' });
    await expect(warm.segment(own, 'gap.m4s')).rejects.toMatchObject({ code: 'route_not_found' });
  });

  it('goes on with the next attempt, says what is missing, and ends, without a change of what was listed', async () => {
    const recordingId = await bench.createJob('rtmp://h/a/b');
    const startAtMs = nowMs - 100_000;
    const [first, second] = [newJournal('first'), newJournal('second')];
    const one = new Written(first, recordingId, 1);
    await attempt(first, recordingId, 1, startAtMs);
    for (let object = 1; object <= 6; object++) {
      one.add();
      await first.flush();
    }
    // One that is gone is a gap.
    await bench.store.remove((await bench.store.list(journalPrefix(first.id)))[2] ?? '');
    const warm = playing();
    const before = await warm.list(recordingId);
    expect(before.match(/#EXTINF:1\.000,\n#EXT-X-GAP\ngap\.m4s\n/g)).toHaveLength(1);
    expect(before.match(/#EXTINF/g)).toHaveLength(6);

    // The next one opens, by a clock that is behind, while this one goes on: somebody may have listed all that it has.
    const two = new Written(second, recordingId, 2, 2);
    await attempt(second, recordingId, 2, startAtMs - 800);
    two.add();
    await second.flush();
    one.add();
    await first.flush();
    const listed = async (): Promise<string> => {
      nowMs += 5_000;
      // What is new is listed first; it is looked who else records when nothing is.
      await warm.list(recordingId);
      nowMs += 5_000;
      return warm.list(recordingId);
    };
    const beside = await listed();
    expect(beside.startsWith(before)).toBe(true);
    expect(beside.match(/#EXTINF/g)).toHaveLength(7);
    expect(beside).not.toContain('2-1-0.m4s');
    // Found with the end, and not before it.
    one.add();
    await first.flush();
    await end(recordingId, 1);
    const after = await listed();
    expect(after.startsWith(beside)).toBe(true);
    expect(after.match(/#EXTINF/g)).toHaveLength(9);
    expect(after).toContain('\n1-8-0.m4s\n#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="init-2.mp4"\n');
    expect(after).toContain('\n2-1-0.m4s\n');
    // One that had hung writes what is in no list.
    one.add();
    await first.flush();
    two.add();
    await second.flush();
    await bench.store.create(outcomeKey(recordingId), {
      ...{ status: 'finished', reason: { code: 'stopped', message: 'x' }, parts: 2, atMs: nowMs },
    });
    nowMs += 5_000;
    const cold = await playing().list(recordingId);
    expect(cold.startsWith(await warm.list(recordingId))).toBe(true);
    expect(cold).toBe(await listed());
    expect(cold.startsWith(after)).toBe(true);
    expect(cold.endsWith('\n2-2-0.m4s\n#EXT-X-ENDLIST\n')).toBe(true);
  });

  describeWith(['ffmpeg'], 'with real pictures', () => {
    const folder = folderForTests();

    it('goes on with the picture after the last one, whatever time it is by the next recorder', async () => {
      folder.make('source.mkv', [
        ...['-f', 'lavfi', '-i', 'testsrc2=size=128x72:rate=25:duration=6'],
        ...['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '25', '-bf', '2'],
      ]);
      const media = liveMedia([{ kind: 'video', codec: 'h264' }], 'mp4', MAPS);
      const fragments = fragmentsOf(media, nutOf(folder.file('source.mkv'), MAPS));
      const keyframeAt = (atMs: number): number =>
        fragments.findIndex(({ startMs, keyframe }) => keyframe && startMs > atMs - 100);
      const recordingId = await bench.createJob('rtmp://h/a/b');
      const startAtMs = nowMs - 100_000;
      const begin = async (number: number, first: Fragment, startTimeMs: number) => {
        const journal = newJournal(`real${number}`);
        const written = new Written(journal, recordingId, 0, number);
        const muxer = media.startPart(first, new MemoryPages());
        await attempt(journal, recordingId, number, startTimeMs, muxer.playedHead);
        return async (all: readonly Fragment[], segments: 'each' | 'one' | 'none'): Promise<void> => {
          for (const fragment of all) {
            if (fragment.keyframe && segments === 'each') await journal.flush();
            written.add(Buffer.from(muxer.add(fragment)), muxer.played);
          }
          if (segments !== 'none') await journal.flush();
        };
      };
      const viewer = playing();
      const listed = async (of = viewer): Promise<string> => {
        nowMs += 5_000;
        return of.list(recordingId);
      };
      const [takenOver, ended] = [keyframeAt(2_000), keyframeAt(4_000)];
      const one = await begin(1, atLeastOne(fragments)[0], startAtMs);
      await one(fragments.slice(0, ended), 'each');
      // By its clock the first one has had none of it.
      const two = await begin(2, fragments[takenOver] as Fragment, startAtMs + 6_000);
      await two(fragments.slice(takenOver, takenOver + 1), 'one');
      // It comes into the journal with what is new.
      await two(fragments.slice(takenOver + 1, ended), 'none');
      await end(recordingId, 1);
      const before = await listed();
      expect(before).toContain('\n1-4-0.m4s\n');
      expect(before).not.toContain('\n2-');
      await two(fragments.slice(ended), 'one');
      const list = await listed();
      expect(list.startsWith(before)).toBe(true);
      expect(await listed(playing())).toBe(list);
      const join = await bench.store.read(liveJoinKey(recordingId, 2), liveJoinSchema);
      expect(join?.value).toMatchObject({ after: 1, fromSequence: 1, cutBytes: expect.any(Number) });
      const cutName = `2-2-0-${join?.value.cutBytes}.m4s`;
      expect(list).toContain(`\n${cutName}\n`);
      expect(await playing().segment(recordingId, cutName)).toEqual(
        await viewer.segment(recordingId, cutName),
      );
      await expect(viewer.segment(recordingId, '2-2-0-99999999.m4s')).rejects.toMatchObject({
        code: 'recording_not_found',
      });

      const hashes: string[] = [];
      for (const [part, inPart] of list.split('#EXT-X-MAP').slice(1).entries()) {
        const open = await bench.store.read(partKey(recordingId, part + 1, 'open'), openPartSchema);
        const pieces = [Buffer.from(open?.value.init ?? '', 'base64')];
        for (const [name] of inPart.matchAll(/^[\d-]+\.m4s$/gm)) {
          const range = await viewer.segment(recordingId, name);
          const { Body } = await bench.s3.send(
            new GetObjectCommand({ Bucket: range.bucket, Key: range.key, Range: rangeHeader(range) }),
          );
          pieces.push(Buffer.from((await Body?.transformToByteArray()) ?? []));
        }
        hashes.push(...(await frameHashes(folder.write(`${part}.mp4`, Buffer.concat(pieces)), 'v')));
      }
      expect(hashes).toEqual(await frameHashes(folder.file('source.mkv'), 'v'));
    });
  });

  it('cannot be watched where it is not to be, or has nothing yet', async () => {
    const off = await bench.createJob('rtmp://h/a/b', { liveWindowMs: 0 });
    await expect(playing().list(off)).rejects.toMatchObject({ code: 'recording_not_found' });
    const empty = await bench.createJob('rtmp://h/a/b');
    await expect(playing().list(empty)).rejects.toMatchObject({ code: 'recording_active' });
    expect(await playing().stream(empty)).toContain('live.m3u8');
  });
});
