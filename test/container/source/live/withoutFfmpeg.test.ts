import { beforeAll, expect, it } from 'vitest';
import type { RecordingSettings } from '../../../../functions/core/settings/settings.ts';
import { publishCounter } from '../../../support/counterStream.ts';
import { benchForTests, closersForTests, folderForTests } from '../../../support/forTests.ts';
import { LiveRecording, missing } from '../../../support/liveRecording.ts';
import { LiveStream } from '../../../support/liveStream.ts';
import { NginxRtmp } from '../../../support/nginxRtmp.ts';
import { describeWith } from '../../../support/tools.ts';

describeWith(['ffmpeg', 'nginxRtmp'], 'H.264 with AAC, where there is no ffmpeg', () => {
  const folder = folderForTests();
  const closers = closersForTests();
  const bench = benchForTests();
  beforeAll(() => {
    bench.ffmpegPath = '/nowhere/ffmpeg';
  });

  const flv = async (): Promise<string> => {
    const stream = await LiveStream.start('flv');
    closers.push(() => stream.close());
    return stream.url;
  };
  const rtmp = async (): Promise<string> => {
    const nginx = await NginxRtmp.start();
    const publisher = publishCounter(`${nginx.url}/without`);
    closers.push(async () => {
      await publisher.stop();
      await nginx.stop();
    });
    await nginx.published('without');
    return `${nginx.url}/without`;
  };

  it.concurrent.each<[string, () => Promise<string>, Partial<RecordingSettings>]>([
    ['RTMP', rtmp, {}],
    ['HTTP-FLV', flv, {}],
    ['HTTP-FLV, into MPEG-TS', flv, { formats: { h264: 'ts' } }],
    ['HTTP-FLV, into Matroska', flv, { formats: { h264: 'mkv' } }],
  ])(
    '%s: is recorded without a lost frame',
    async (_kind, open, settings) => {
      const recording = await LiveRecording.start(bench, await open(), settings);
      await recording.moreFrames(50);
      recording.stop();
      const record = await recording.record(folder);
      expect(record.reason.code).toBe('stopped');
      expect(record.parts[0]?.tracks.map(({ codec }) => codec).sort()).toEqual(['aac', 'h264']);
      expect(record.counters.length).toBeGreaterThan(40);
      expect(missing(record.counters)).toEqual([]);
      expect(record.errors).toBe('');
    },
    120_000,
  );
});
