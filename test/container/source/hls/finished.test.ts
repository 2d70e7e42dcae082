import { createCipheriv, randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { PACKET_BYTES, readPacket } from '../../../../functions/core/media/mpegts/packets.ts';
import { probe } from '../../../support/counterStream.ts';
import { expectWhole, framesOf, HlsForTests, type PutOptions } from '../../../support/hlsForTests.ts';
import { playlist } from '../../../support/hlsMedia.ts';
import { describeWith } from '../../../support/tools.ts';

/** PIDs of ffmpeg's multiplexer. */
const PICTURES = 0x100;
const SOUND = 0x101;

describeWith(['ffmpeg'], 'a finished HLS playlist', () => {
  const hls = new HlsForTests();

  it.concurrent.each<[string, Partial<PutOptions>]>([
    ['MPEG-TS', {}],
    ['MPEG-TS whose counters begin anew in each segment', { restartsCounters: true }],
    ['fragmented MP4', { type: 'fmp4' }],
    ['pictures, by their names', { ext: '.jpg' }],
    ['nothing, by their names', { ext: '' }],
  ])('of segments of %s is recorded frame by frame', async (what, options) => {
    const name = what.replaceAll(/\W/g, '');
    const lines = hls.put(name, { seconds: 4, ...options }).flat();
    expectWhole(
      await hls.record(name, options.type === 'fmp4' ? [hls.map(name), ...lines] : lines),
      framesOf(0, 100),
    );
  });

  it.concurrent.each<[string, (packets: readonly Buffer[]) => readonly Buffer[]]>([
    ['192 bytes (M2TS)', (packets) => packets.map((packet) => Buffer.concat([Buffer.alloc(4, 1), packet]))],
    ['204 bytes', (packets) => packets.map((packet) => Buffer.concat([packet, Buffer.alloc(16, 2)]))],
  ])('of segments of packets of %s is recorded frame by frame', async (what, lay) => {
    const name = what.replaceAll(/\W/g, '');
    const { segments } = hls.make({ seconds: 4 });
    const lines = segments.flatMap((segment, i) => {
      hls.site.put(`/${name}/${i}.ts`, Buffer.concat(lay(packetsOf(segment))));
      return ['#EXTINF:1,', `/${name}/${i}.ts`];
    });
    expectWhole(await hls.record(name, lines), framesOf(0, 100));
  });

  it.concurrent('whose segments are cut anywhere, in the midst of packets too, is recorded frame by frame', async () => {
    const { segments } = hls.make({ seconds: 4 });
    const all = Buffer.concat(segments);
    const lines = segments.flatMap((_, i) => {
      const [from, to] = [i, i + 1].map((place) => Math.floor((all.length * place) / segments.length));
      hls.site.put(`/anywhere/${i}.ts`, all.subarray(from, to));
      return ['#EXTINF:1,', `/anywhere/${i}.ts`];
    });
    expectWhole(await hls.record('anywhere', lines), framesOf(0, 100));
  });

  it.concurrent('of a picture in five seconds, with sound, is recorded picture by picture', async () => {
    const pictures = { fps: 0.2, keyframeEvery: 1, segmentSeconds: 5, seconds: 25 };
    expectWhole(await hls.record('slow', hls.put('slow', pictures).flat()), framesOf(0, 5));
  });

  it.concurrent('of pictures that say that they last for a second, and sound behind some, is recorded with both', async () => {
    const content = { seconds: 4, codec: ['-x264-params', 'fps=1'] };
    const lines = hls.put('untrue', content).flat();
    hls.site.put('/untrue/0.ts', soundBehind(10, hls.make(content).segments[0] as Buffer));
    const record = await hls.record('untrue', lines);
    expectWhole(record, framesOf(0, 100));
    expect(record.parts[0]?.tracks.map(({ kind }) => kind)).toEqual(['video', 'audio']);
  });

  it.concurrent('is known by its content, whatever its own name', async () => {
    const lines = hls.put('unnamed', { seconds: 4 }).flat();
    hls.site.put('/stream', playlist(...lines, '#EXT-X-ENDLIST'));
    const recording = await hls.start('/stream');
    expectWhole(await recording.record(hls.folder), framesOf(0, 100));
  });

  it.concurrent('that is only called one is recorded as what it is', async () => {
    const [[, uri = ''] = []] = hls.put('whole', { seconds: 3, segmentSeconds: 10 });
    hls.site.alias('/plain.m3u8', uri);
    const recording = await hls.start('/plain.m3u8');
    const { counters, reason } = await recording.record(hls.folder);
    expect(reason.code).toBe('source_ended');
    expect(counters).toEqual(framesOf(0, 75));
  });

  it.concurrent('whose addresses are made of variables is recorded', async () => {
    const lines = hls.put('defined', { seconds: 3 }).flat();
    const inside = lines.map((line) => line.replace('/defined/', '{$folder}{$mark}'));
    const define = ['#EXT-X-DEFINE:IMPORT="folder"', '#EXT-X-DEFINE:QUERYPARAM="mark"'];
    hls.site.put('/variables.m3u8', playlist(...define, ...inside, '#EXT-X-ENDLIST'));
    const head = ['#EXTM3U', '#EXT-X-DEFINE:NAME="folder",VALUE="/defined"', '#EXT-X-STREAM-INF:BANDWIDTH=1'];
    hls.site.put('/defines.m3u8', [...head, '{$folder}/../variables.m3u8?mark=/', ''].join('\n'));
    const recording = await hls.start('/defines.m3u8');
    expectWhole(await recording.record(hls.folder), framesOf(0, 75));
  });

  it.concurrent('with another init section goes on in the next part, without a lost frame', async () => {
    const small = hls.put('small', { type: 'fmp4', seconds: 3 });
    const large = hls.put('large', { type: 'fmp4', seconds: 3, from: 75, pictureHeight: 324 });
    const lines = [
      hls.map('small'),
      ...small.flat(),
      '#EXT-X-DISCONTINUITY',
      hls.map('large'),
      ...large.flat(),
    ];
    const record = await hls.record('resized', lines);
    expectWhole(record, framesOf(0, 150), 2);
    expect(record.parts.map(({ tracks }) => tracks?.find(({ kind }) => kind === 'video')?.height)).toEqual([
      180, 340,
    ]);
  });

  it.concurrent.each([
    ['with times of its own', 1, ['#EXT-X-DISCONTINUITY']],
    // Its sound begins before the picture, and so before the end of what was recorded.
    ['while its times go on', 103, []],
  ])(
    'that goes to another codec and back, %s, is three parts, without a lost frame',
    async (what, at, tag) => {
      const name = what.replaceAll(' ', '');
      const hevc = ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=none:keyint=25'];
      const lines = [
        ...hls.put(`${name}1`, { seconds: 3, startSeconds: 100 }).flat(),
        ...tag,
        ...hls.put(`${name}2`, { seconds: 3, startSeconds: at, from: 75, codec: hevc }).flat(),
        ...tag,
        ...hls.put(`${name}3`, { seconds: 3, startSeconds: 106, from: 150 }).flat(),
      ];
      expectWhole(await hls.record(name, lines), framesOf(0, 225), 3);
    },
  );

  it.concurrent.each([
    ['with the tag', ['#EXT-X-DISCONTINUITY']],
    ['without the tag', []],
  ])('whose times begin again, %s, goes on in the same file', async (what, tag) => {
    const name = what.replaceAll(' ', '');
    const before = hls.put(`${name}1`, { seconds: 3, startSeconds: 5_000 });
    const after = hls.put(`${name}2`, { seconds: 3, startSeconds: 2, from: 75 });
    expectWhole(await hls.record(name, [...before.flat(), ...tag, ...after.flat()]), framesOf(0, 150));
  });

  it.concurrent('of which each segment is called a discontinuity is one file, read in one go', async () => {
    const lines = hls.put('each', { seconds: 4 }).flatMap((segment) => ['#EXT-X-DISCONTINUITY', ...segment]);
    expectWhole(await hls.record('each', lines), framesOf(0, 100));
  });

  it.concurrent('whose segments are of another kind each time is whole', async () => {
    const asTs = hls.put('kinds1', { seconds: 3 });
    const asMp4 = hls.put('kinds2', { seconds: 3, type: 'fmp4' });
    const [first = [], , third = []] = asTs;
    const [, second = []] = asMp4;
    const record = await hls.record('kinds', [...first, hls.map('kinds2'), ...second, ...third]);
    // What their containers say of the sound differs.
    expectWhole(record, framesOf(0, 75), 3);
  });

  it.concurrent('has a gap where it says that there is one', async () => {
    const made = hls.put('gap', { seconds: 6 });
    const lines = made.flatMap((segment, i) => (i === 2 || i === 3 ? ['#EXT-X-GAP', ...segment] : segment));
    const record = await hls.record('gap', lines);
    expect(record.counters).toEqual([...framesOf(0, 50), ...framesOf(100, 150)]);
    expect(record.errors).toBe('');
    const [first, last] = [record.parts[0], record.parts.at(-1)];
    const wholeMs = (last?.endTimeMs ?? 0) - (first?.startTimeMs ?? 0);
    expect(Math.abs(wholeMs - 6_000)).toBeLessThan(60);
    expect(hls.site.times('/gap/2.ts') + hls.site.times('/gap/3.ts')).toBe(0);
  });

  it.concurrent('of byte ranges is read range by range', async () => {
    const { segments } = hls.make({ seconds: 4 });
    hls.site.put('/ranges.bin', Buffer.concat(segments));
    const lines = segments.flatMap((segment, i) => {
      const range = `#EXT-X-BYTERANGE:${segment.length}${i === 0 ? '@0' : ''}`;
      return ['#EXTINF:1,', range, '/ranges.bin'];
    });
    expectWhole(await hls.record('ranges', lines), framesOf(0, 100));
  });

  it.concurrent('that is encrypted is decrypted, with keys that change and vectors of both kinds', async () => {
    const { segments } = hls.make({ seconds: 4 });
    const lines = segments.flatMap((segment, i) => {
      const key = randomBytes(16);
      const iv = Buffer.alloc(16);
      const isNamed = i % 2 === 1;
      if (isNamed) randomBytes(16).copy(iv);
      else iv.writeUInt32BE(i, 12);
      const cipher = createCipheriv('aes-128-cbc', key, iv);
      hls.site.put(`/secret/${i}.ts`, Buffer.concat([cipher.update(segment), cipher.final()]));
      hls.site.put(`/secret/${i}.key`, key);
      const vector = isNamed ? `,IV=0x${iv.toString('hex')}` : '';
      return [`#EXT-X-KEY:METHOD=AES-128,URI="/secret/${i}.key"${vector}`, '#EXTINF:1,', `/secret/${i}.ts`];
    });
    expectWhole(await hls.record('secret', lines), framesOf(0, 100));
  });

  it.concurrent.each([
    ['as it is by default', undefined, 340],
    ['the smallest', { prefer: 'smallest' as const }, 180],
    ['within a height', { prefer: 'best' as const, maxHeight: 200 }, 180],
  ])('of several variants is recorded by one of them, %s', async (_what, variant, height) => {
    for (const [name, pictureHeight] of [
      ['v180', 164],
      ['v340', 324],
    ] as const) {
      const lines = hls.put(name, { seconds: 2, pictureHeight }).flat();
      hls.site.put(`/${name}.m3u8`, playlist(...lines, '#EXT-X-ENDLIST'));
    }
    const streams = ['180', '340'].flatMap((size) => [
      `#EXT-X-STREAM-INF:BANDWIDTH=${size}000,RESOLUTION=320x${size}`,
      `/v${size}.m3u8`,
    ]);
    hls.site.put('/variants.m3u8', `${['#EXTM3U', ...streams].join('\n')}\n`);
    const recording = await hls.start('/variants.m3u8', variant === undefined ? {} : { variant });
    const record = await recording.record(hls.folder);
    expectWhole(record, framesOf(0, 50));
    expect(record.parts[0]?.tracks?.find(({ kind }) => kind === 'video')?.height).toBe(height);
  });

  it.concurrent.each([
    ['MPEG-TS', 'mpegts' as const, 0],
    ['fragmented MP4', 'fmp4' as const, 0],
    ['fragmented MP4 that counts from 1970', 'fmp4' as const, 1_795_923_397],
  ])('with sound in a playlist of its own, of %s, has both in sync', async (_what, type, laterSeconds) => {
    const [picture, sound] = [`picture-${type}-${laterSeconds}`, `sound-${type}-${laterSeconds}`];
    const made4s = { type, seconds: 4, laterSeconds };
    for (const [name, made] of [
      [picture, hls.put(picture, { ...made4s, audio: false, startSeconds: 20.5 })],
      [sound, hls.put(sound, { ...made4s, video: false, startSeconds: 20.9 })],
    ] as const) {
      const map = type === 'fmp4' ? [hls.map(name)] : [];
      hls.site.put(`/${name}.m3u8`, playlist(...map, ...made.flat(), '#EXT-X-ENDLIST'));
    }
    const master = [
      '#EXTM3U',
      `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="en",DEFAULT=YES,URI="/${sound}.m3u8"`,
      '#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=320x180,AUDIO="a"',
      `/${picture}.m3u8`,
    ];
    hls.site.put(`/both-${picture}.m3u8`, `${master.join('\n')}\n`);
    const recording = await hls.start(`/both-${picture}.m3u8`);
    const record = await recording.record(hls.folder);
    expectWhole(record, framesOf(0, 100));
    const { streams } = await probe(record.files[0] ?? '');
    const startOf = (kind: string): number =>
      Number(streams.find(({ codec_type }) => codec_type === kind)?.start_time);
    // 0.4 s later; an AAC encoder's priming of 1,024 samples comes before it.
    expect(Math.abs(startOf('audio') - startOf('video') - 0.4)).toBeLessThan(0.05);
    expect(Number(streams.find(({ codec_type }) => codec_type === 'audio')?.duration)).toBeGreaterThan(3.9);
  });

  it.concurrent('with sound in playlists of three languages, one of them inside, has all of them, in sync', async () => {
    const picture = hls.put('inside', { seconds: 4, startSeconds: 20.5 });
    hls.site.put('/inside.m3u8', playlist(...picture.flat(), '#EXT-X-ENDLIST'));
    for (const [language, startSeconds] of [
      ['de', 20.5],
      ['fr', 20.9],
    ] as const) {
      const sound = hls.put(`sound-${language}`, { seconds: 4, video: false, startSeconds });
      hls.site.put(`/sound-${language}.m3u8`, playlist(...sound.flat(), '#EXT-X-ENDLIST'));
    }
    const media = 'EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a"';
    hls.site.put(
      '/three.m3u8',
      [
        '#EXTM3U',
        `#${media},NAME="German",LANGUAGE="de-CH",URI="/sound-de.m3u8"`,
        `#${media},NAME="English",LANGUAGE="en",DEFAULT=YES`,
        `#${media},NAME="French",LANGUAGE="fr",URI="/sound-fr.m3u8"`,
        '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="s",NAME="English",URI="/none.m3u8"',
        '#EXT-X-STREAM-INF:BANDWIDTH=2,RESOLUTION=320x180,AUDIO="a",SUBTITLES="s"',
        '/inside.m3u8',
        '#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=160x90,AUDIO="a"',
        '/nowhere.m3u8',
        '',
      ].join('\n'),
    );
    const recording = await hls.start('/three.m3u8');
    const record = await recording.record(hls.folder);
    expectWhole(record, framesOf(0, 100));
    expect(record.parts[0]?.tracks.map(({ kind, language }) => [kind, language])).toEqual([
      ['video', undefined],
      ['audio', undefined],
      ['audio', 'deu'],
      ['audio', 'fra'],
    ]);
    const { streams } = await probe(record.files[0] ?? '');
    const starts = streams.map(({ start_time }) => Number(start_time));
    expect(Math.abs((starts[3] ?? 0) - (starts[2] ?? 0) - 0.4)).toBeLessThan(0.03);
    const { parts } = await recording.objects();
    expect(parts.get(1)?.open?.leftOut).toEqual([
      { kind: 'video', codec: 'none', reason: 'other_program', count: 1 },
      { kind: 'subtitle', codec: 'none', reason: 'container', count: 1 },
    ]);
  });
});

/** The same segment of MPEG-TS, with its first sound behind so many pictures. */
function soundBehind(pictures: number, segment: Buffer): Buffer {
  const packets = packetsOf(segment);
  const isOf = (pid: number) => (packet: Buffer) => readPacket(packet, 0).pid === pid;
  const starts = packets.filter((packet) => isOf(PICTURES)(packet) && readPacket(packet, 0).unitStart);
  const place = packets.indexOf(starts[pictures] as Buffer);
  const before = packets.slice(0, place);
  return Buffer.concat([
    ...before.filter((packet) => !isOf(SOUND)(packet)),
    ...before.filter(isOf(SOUND)),
    ...packets.slice(place),
  ]);
}

function packetsOf(segment: Buffer): Buffer[] {
  return Array.from({ length: segment.length / PACKET_BYTES }, (_, i) =>
    segment.subarray(i * PACKET_BYTES, (i + 1) * PACKET_BYTES),
  );
}
