import { beforeAll, expect, it } from 'vitest';
import { beepingFlv } from '../../support/beepingFlv.ts';
import { FLV_HEADER, type FlvTag, isConfiguration, VIDEO, writeFlv } from '../../support/flvTags.ts';
import { benchForTests, folderForTests } from '../../support/forTests.ts';
import { HttpSource } from '../../support/httpSource.ts';
import { frameHashes } from '../../support/media.ts';
import { describeWith } from '../../support/tools.ts';

const SECONDS = 4;
const KEYFRAME_EVERY = 25;
const SPEED = 4;
/** The last one before a keyframe: no other is made of it. */
const DAMAGED = 2 * KEYFRAME_EVERY - 1;
/** Of a tag's body: what is in front of the length of the first NAL unit. */
const LENGTH_AT = 5;

describeWith(['ffmpeg'], 'a picture that was damaged on its way', () => {
  const folder = folderForTests();
  const bench = benchForTests();
  let sent: FlvTag[];
  let others: string[];

  beforeAll(async () => {
    const tags = beepingFlv(folder, 'made.flv', { seconds: SECONDS, keyframeEvery: KEYFRAME_EVERY });
    const damaged = tags.filter((tag) => tag.kind === VIDEO && !isConfiguration(tag))[DAMAGED];
    sent = tags.map((tag) => {
      if (tag !== damaged) return tag;
      const body = Buffer.from(tag.body);
      body.writeUInt32BE(0x00ff_ffff, LENGTH_AT);
      return { ...tag, body };
    });
    others = (await frameHashes(folder.file('made.flv'), 'v')).filter((_, i) => i !== DAMAGED);
  });

  it.concurrent.each(['mp4', 'ts', 'mkv'] as const)('costs itself alone: %s', async (format) => {
    const bytes = Buffer.concat([FLV_HEADER, writeFlv(sent)]);
    const source = await HttpSource.start(bytes, { bytesPerSecond: (bytes.length / SECONDS) * SPEED });
    const { objects, reason } = await bench.record(source.url, { formats: { h264: format } });
    await source.close();
    expect(reason.code).toBe('source_ended');
    const [final, ...more] = [...objects.parts.values()].flatMap((part) => part.final ?? []);
    expect(more).toEqual([]);
    const file = folder.write(`record.${format}`, await bench.object(final?.key ?? ''));
    const known = new Set(others);
    expect((await frameHashes(file, 'v')).filter((hash) => known.has(hash))).toEqual(others);
  });
});
