import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Probe, trackText, whatIsOff } from '../../../infra/local/demoRecord.ts';
import { Child, waitFor } from '../../support/children.ts';
import { decodeErrors, probe } from '../../support/counterStream.ts';
import { describeWith } from '../../support/tools.ts';

const video = { codec_type: 'video', codec_name: 'h264', width: 640, height: 360 };
const audio = { codec_type: 'audio', codec_name: 'aac', sample_rate: '44100', channels: 2 };
const seen = (streams: Probe['streams'], duration = '9.5'): Probe => ({
  format: { duration, size: '1000' },
  streams,
});
const expected = { recordedMs: 8_000, durationMs: 9_500 };

it('finds nothing wrong with a record as it should be', () => {
  expect(whatIsOff(seen([video, audio]), expected)).toEqual([]);
  expect(whatIsOff(seen([audio, video], '8.6'), expected)).toEqual([]);
});

it.each([
  [seen([audio]), ['there is no H.264 video']],
  [seen([{ ...video, codec_name: 'vp8' }, audio]), ['there is no H.264 video']],
  [seen([video]), ['there is no AAC audio at 44100 Hz']],
  [seen([video, { ...audio, sample_rate: '48000' }]), ['there is no AAC audio at 44100 Hz']],
  [seen([video, audio], '11'), ['it lasts 11000 ms, the API says 9500 ms']],
  [
    seen([video, audio], '5'),
    ['it lasts 5000 ms, the API says 9500 ms', 'it lasts 5000 ms, recorded were 8000 ms'],
  ],
])('says what is off', (found, problems) => {
  expect(whatIsOff(found, expected)).toEqual(problems);
});

it('shows tracks', () => {
  expect([video, audio].map(trackText)).toEqual(['h264 640x360', 'aac 44100 Hz, 2 channels']);
});

describeWith(['ffmpeg'], 'npm run demo', () => {
  let folder: string;
  let child: Child;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'demo-'));
    const file = path.resolve(import.meta.dirname, '..', '..', '..', 'infra', 'local', 'demo.ts');
    child = new Child(process.execPath, [file], {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      DATA_DIR: path.join(folder, 'data'),
      TMPDIR: folder,
    });
  });

  afterEach(async () => {
    await child.stop('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  it('records a stream and shows its record', async () => {
    expect({ code: await child.ended, output: child.output }).toMatchObject({ code: 0 });
    expect(child.output).toMatch(/record {4}s3:\/\/library\/stream_records\/stream-demo\.mp4/);
    expect(child.output).toMatch(/tracks {4}h264 640x360; aac 44100 Hz, 2 channels/);
    const [, played = ''] = /ffplay (\S+)/.exec(child.output) ?? [];
    const [, duration] = /duration {2}(\S+) s/.exec(child.output) ?? [];
    expect(Number((await probe(played)).format.duration).toFixed(2)).toBe(duration);
    expect(await decodeErrors(played)).toBe('');
  }, 180_000);

  it('ends with another code, and says where its logs are, when it is interrupted', async () => {
    await waitFor('a recording', () => (child.output.includes('2. Starting') ? true : undefined));
    child.process.kill('SIGINT');
    expect(await child.ended).toBe(1);
    expect(child.output).toMatch(/\ninterrupted\nLogs: \S+\/logs\n/);
  }, 180_000);
});
