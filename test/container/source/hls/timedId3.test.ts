import { expect, it } from 'vitest';
import { expectWhole, framesOf, HlsForTests } from '../../../support/hlsForTests.ts';
import { segmentLines } from '../../../support/hlsMedia.ts';
import { id3, id3s, metadataIn, withMetadata } from '../../../support/timedMetadata.ts';
import { describeWith } from '../../../support/tools.ts';

const SECONDS = 3;
const BEGINS_SECONDS = 10;

describeWith(['ffmpeg'], 'ID3 in segments of MPEG-TS', () => {
  const hls = new HlsForTests();

  it('is with its pictures, also where the clock begins again at a discontinuity', async () => {
    const { segments } = hls.make({ seconds: SECONDS, startSeconds: BEGINS_SECONDS });
    const lines = ['a', 'b'].flatMap((name) => [
      ...(name === 'b' ? ['#EXT-X-DISCONTINUITY'] : []),
      ...segments.flatMap((segment, i) => {
        const tag = { atMs: (BEGINS_SECONDS + i) * 1_000 + 500, data: id3(`${name}${i}`) };
        hls.site.put(`/${name}/${i}.ts`, withMetadata(segment, [id3s([tag])]));
        return segmentLines(`/${name}/${i}.ts`);
      }),
    ]);
    const record = await hls.record('id3', lines, { formats: { h264: 'ts' } });
    expectWhole(record, [...framesOf(0, 75), ...framesOf(0, 75)]);
    const { id3: tags, picturesMs } = metadataIn(await hls.bench.object(record.parts[0]?.key ?? ''));
    const texts = tags.map(({ data }) => data.toString('latin1', 21, 23));
    expect(texts).toEqual(['a0', 'a1', 'a2', 'b0', 'b1', 'b2']);
    picturesMs.sort((one, other) => one - other);
    // Half a second behind its second's first picture.
    for (const [i, { atMs }] of tags.entries()) expect(atMs - (picturesMs[25 * i] ?? 0)).toBeCloseTo(500, 0);
  }, 120_000);
});
