import { describe, expect, it } from 'vitest';
import { StreamListing } from '../../../container/source/streamListing.ts';

function listed(text: string): StreamListing {
  const listing = new StreamListing();
  for (const line of text.split('\n')) listing.read(line);
  return listing;
}

describe('StreamListing', () => {
  it('reads programmes, languages and rates', () => {
    const { streams, programs } = listed(`  Duration: 00:00:02.02, start: 1.400000, bitrate: 897 kb/s
  Program 1 
    Metadata:
      service_name    : radio
  Stream #0:0[0x100]: Audio: aac (LC) ([15][0][0][0] / 0x000F), 44100 Hz, mono, fltp, 71 kb/s
  Program 2 
    Metadata:
      service_name    : tv
  Stream #0:1[0x101]: Video: h264 (Constrained Baseline) ([27][0][0][0] / 0x001B), yuv420p(progressive), 320x180 [SAR 1:1 DAR 16:9], 25 fps, 25 tbr, 90k tbn
  Stream #0:2[0x102](eng): Audio: aac (LC) ([15][0][0][0] / 0x000F), 44100 Hz, mono, fltp, 71 kb/s
  No Program
  Stream #0:3[0x103]: Data: scte_35`);
    expect(streams).toEqual([
      { index: 0, kind: 'audio', codec: 'aac', sampleRateHz: 44_100 },
      { index: 1, kind: 'video', codec: 'h264', width: 320, height: 180 },
      { index: 2, kind: 'audio', codec: 'aac', sampleRateHz: 44_100, language: 'eng' },
      { index: 3, kind: 'data', codec: 'scte_35' },
    ]);
    expect(programs).toEqual([{ streams: [0] }, { streams: [1, 2] }]);
  });

  it('reads covers, titles, defaults, and variants with sound of several', () => {
    const { streams, programs } = listed(`  Program 0 
    Metadata:
      variant_bitrate : 600000
  Stream #0:0: Video: h264 (High), yuv420p(tv, bt709), 640x360 [SAR 1:1 DAR 16:9], 25 fps (default)
  Stream #0:1(ger): Audio: aac (LC), 48000 Hz, stereo, fltp (default)
    Metadata:
      title           : Deutsch
  Program 1 
    Metadata:
      variant_bitrate : 90000
  Stream #0:1(ger): Audio: aac (LC), 48000 Hz, stereo, fltp (default)
  Stream #0:2: Video: mjpeg (Baseline), yuvj420p(pc, bt470bg/unknown/unknown), 320x320 [SAR 1:1 DAR 1:1], 90k tbr (attached pic)`);
    expect(streams[1]).toMatchObject({ title: 'Deutsch', language: 'ger', isDefault: true });
    expect(streams[2]).toMatchObject({ isPicture: true, width: 320 });
    expect(programs).toEqual([
      { streams: [0, 1], bitrateBps: 600_000 },
      { streams: [1, 2], bitrateBps: 90_000 },
    ]);
  });

  it.each([
    ['-90.00', 90],
    ['180.00', 180],
    ['-180.00', 180],
    ['90.00', 270],
    ['0.00', undefined],
    ['-12.50', undefined],
  ])('reads that a picture is turned, which ffmpeg says counterclockwise: %s', (said, turn) => {
    const { streams } =
      listed(`  Stream #0:0[0x1](und): Video: h264 (High), yuv420p(progressive), 640x360, 25 fps
    Side data:
      displaymatrix: rotation of ${said} degrees
  Stream #0:1[0x2](und): Audio: aac (LC), 48000 Hz, stereo, fltp`);
    expect(streams.map((stream) => stream.turn)).toEqual([turn, undefined]);
  });

  it.each([
    [false, ['eng', 'deu']],
    [true, [undefined, 'eng', 'deu']],
  ])('takes sound from inputs of its own, where it has some: %j', (hasSoundInside, languages) => {
    const others = ['eng', undefined].map((language) => ({ url: '', options: [], language }));
    const listing = new StreamListing({ hasSoundInside, others });
    for (const line of [
      '  Program 1 ',
      '  Stream #0:0[0x100]: Video: h264 (High), yuv420p(progressive), 640x360, 25 fps',
      '  Stream #0:1[0x101]: Audio: aac (LC), 48000 Hz, stereo, fltp',
      '  Stream #1:0[0x100]: Audio: aac (LC), 44100 Hz, stereo, fltp',
      '  Stream #1:1[0x102]: Data: timed_id3 (ID3  / 0x20334449)',
      '  Stream #2:0[0x100](deu): Audio: aac (LC), 44100 Hz, stereo, fltp',
      '  Stream #2:1[0x102]: Audio: aac (LC), 44100 Hz, stereo, fltp',
    ])
      listing.read(line);
    expect(listing.programs).toEqual([]);
    expect(listing.streams.map(({ kind }) => kind)).toEqual(['video', ...languages.map(() => 'audio')]);
    expect(listing.streams.slice(1).map(({ language }) => language)).toEqual(languages);
  });

  it('takes nothing that a source says of itself for a stream, and keeps a bounded number', () => {
    const { streams } = listed(`  Metadata:
    Stream #0:7: Video: h264, 640x360: x
  Stream #0:0: Audio: mp3, 44100 Hz, mono, fltp, 64 kb/s
    Metadata:
      title           : ${'x'.repeat(100_000)}
                      : Stream #0:8: Video: h264`);
    expect(streams.map(({ index }) => index)).toEqual([0]);
    expect(streams[0]?.title?.length).toBe(128);
    const many = Array.from({ length: 100_000 }, (_, i) => `  Stream #0:${i}: Data: bin_data`);
    expect(listed(many.join('\n')).streams.length).toBeLessThan(5_000);
  });
});
