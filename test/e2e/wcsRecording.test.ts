import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hookSettingsSchema, isRecorded } from '../../functions/core/hooks/settings.ts';
import { readSettings } from '../../infra/local/mainSettings.ts';
import { FUNCTIONS, RECORDER_TASK } from '../../infra/wiring.ts';
import { type Child, waitFor } from '../support/children.ts';
import { counterStreamArgs, decodeErrors, probe, publishCounter } from '../support/counterStream.ts';
import { HttpSource } from '../support/httpSource.ts';
import { LiveStream } from '../support/liveStream.ts';
import { LocalRecorder, type Recorded } from '../support/localRecorder.ts';
import { MediaFolder } from '../support/media.ts';
import { OnRecordScript } from '../support/onRecordScript.ts';
import { RtspServer } from '../support/rtspServer.ts';
import { describeWith } from '../support/tools.ts';

/**
 * What WCS's manual says of stream recording, sentence by sentence: each test is named by what it holds. Where WCS has a
 * parameter, the test uses what that becomes here (docs/from-wcs.md).
 */
const SECRET = 'wcs-hook-secret';
const SESSION_ID = '/192.168.1.102:34500/192.168.1.101:8080';

const PICTURE = counterStreamArgs({ audio: false }).filter((arg) => arg !== '-re');
const INPUT = PICTURE.slice(0, PICTURE.indexOf('-c:v'));
const H264 = PICTURE.slice(PICTURE.indexOf('-c:v'));
const VP8 = ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '1M', '-g', '25'];
const FLV = ['-t', '3', '-flvflags', 'no_duration_filesize', '-f', 'flv'];
const MATROSKA = ['-t', '3', '-live', '1', '-f', 'matroska'];
const encoded = (video: string[], audio: string, output: string[], rateHz: number): string[] => [
  ...[...INPUT, '-f', 'lavfi', '-i', `sine=sample_rate=${rateHz}`, ...video, '-c:a', audio, ...output],
];
/** Streams by name. */
const MADE = {
  'h264-aac': encoded(H264, 'aac', FLV, 22_050),
  'vp8-opus': encoded(VP8, 'libopus', MATROSKA, 48_000),
  'vp8-vorbis': encoded(VP8, 'libvorbis', MATROSKA, 44_100),
};

describeWith(['ffmpeg', 'gstRtspServer'], "WCS's stream recording", () => {
  const media = new MediaFolder();
  const closers: (() => Promise<void>)[] = [];
  let recorder: LocalRecorder;
  let script: OnRecordScript;
  let publisher: Child;
  /** URL of a published stream. */
  let rtmp: string;

  beforeAll(async () => {
    // Before there are connections, which time out while ffmpeg is waited for.
    for (const [name, args] of Object.entries(MADE)) media.pipe(name, args);
    recorder = await LocalRecorder.start((folder) => {
      script = new OnRecordScript(path.join(folder, 'any folder'), 'any name');
      const streamHooks = { secretsSha256: [createHash('sha256').update(SECRET).digest('hex')] };
      return { onRecordHook: script.file, streamHooks: JSON.stringify(streamHooks) };
    });
    rtmp = `${recorder.runtime.rtmpUrl}/live/camera`;
    publisher = publishCounter(rtmp);
    const isKnown = async () => (await recorder.call('GET', '/streams/camera')).status === 200 || undefined;
    await waitFor('the stream', isKnown);
  });
  afterAll(async () => {
    await publisher.stop();
    await recorder.close();
    await Promise.all(closers.map((close) => close()));
    media.remove();
  });

  async function nameOf(values: object): Promise<string> {
    const start = { start: 'startRecording', mediaSessionId: 'm1', login: 'bob' };
    const named = { ...start, streamName: 'cam1', ...values };
    return String((await recorder.ask('POST', '/recordings/previewName', named)).fileName);
  }

  /** Records one of the streams that ffmpeg has made, to its end. */
  async function recordMade(session: string, made: string, config?: object): Promise<Recorded> {
    const source = await HttpSource.start(readFileSync(media.file(made)));
    closers.push(() => source.close());
    await recorder.ask('PUT', `/streams/${session}`, { name: session, sourceUrl: source.url });
    const recordingId = await recorder.startRecording(session, { reconnectWindow: 0, ...config });
    return recorder.reaches(recordingId, 'available');
  }

  describe('names', () => {
    it('stream_record_policy=streamName names the file after the stream; template, the default, by the template', async () => {
      expect(await nameOf({ policy: 'streamName' })).toBe('cam1.mp4');
      expect(await nameOf({ fileTemplate: 'x-{streamName}' })).toBe('x-cam1.mp4');
    });

    it('the template is stream-{mediaSessionId}-{login}; it was stream-{sessionId}-{mediaSessionId}', async () => {
      expect(await nameOf({})).toBe('stream-m1-bob.mp4');
      const older = { fileTemplate: 'stream-{sessionId}-{mediaSessionId}', sessionId: SESSION_ID };
      expect(await nameOf(older)).toBe(`stream-${Buffer.from(SESSION_ID).toString('base64url')}-m1.mp4`);
    });

    it.each([
      ['streamName', 'as long as it is', 200],
      ['startTime', 'at most 20', 13],
      ['sessionId', 'in BASE64, at most 60', 60],
      ['mediaSessionId', 'at most 36', 36],
      ['login', 'at most 32', 32],
      ['audioCodec', 'at most 4', 4],
      ['videoCodec', 'at most 4', 4],
    ])('{%s} is an element of the template: %s characters', async (element, _maximum, kept) => {
      const value = element === 'startTime' ? {} : { [element]: 'x'.repeat(200) };
      const name = await nameOf({ fileTemplate: `{${element}}`, ...value });
      expect(name.replace(/(-z\w{8})?\.mp4$/, '')).toHaveLength(kept);
    });

    it("{startTime} is the recording's start, not the stream's creation, in epoch milliseconds", async () => {
      const askedAtMs = Date.now();
      const config = { fileTemplate: '{streamName}-{startTime}' };
      const { parts } = await recorder.record('begun', { sourceUrl: rtmp }, { config });
      const [, startTimeMs] = /^begun-(\d{13})\.mp4$/.exec(parts[0]?.fileName ?? '') ?? [];
      expect(Number(startTimeMs)).toBe(Date.parse(parts[0]?.startTime ?? ''));
      // The media server may begin with a keyframe that it has kept.
      expect(Number(startTimeMs)).toBeGreaterThan(askedAtMs - 2_000);
    }, 180_000);

    it('a stream name may hold characters that a file name may not: its encoding can be switched on', async () => {
      expect(await nameOf({ streamName: 'hall/1', policy: 'streamName' })).toBe('hall%2F1.mp4');
    });

    it('the extension follows the container', async () => {
      for (const format of ['mp4', 'webm', 'ts', 'mkv'])
        expect(await nameOf({ format })).toBe(`stream-m1-bob.${format}`);
    });

    it('a file name is trimmed to 255 characters, extension and part number included', async () => {
      const long = { streamName: 'x'.repeat(400), policy: 'streamName', format: 'webm' };
      const last = await nameOf({ ...long, part: 1_000_000 });
      expect(last).toMatch(/^x+-z\w{8}_d1000000\.webm$/);
      expect(last).toHaveLength(255);
      // At the same place whichever part it is.
      expect(await nameOf({ ...long, part: 12 })).toBe(last.replace('d1000000', '012'));
    });
  });

  describe('recording', () => {
    it.concurrent.each([
      ['RTMP', async () => ({ sourceUrl: rtmp })],
      ['RTSP', async () => ({ sourceUrl: await rtsp() })],
      ['WebRTC', async () => ({ sourceUrl: rtmp, mediaProvider: 'WebRTC' })],
      ['Mixer', async () => ({ sourceUrl: rtmp, mediaProvider: 'Mixer' })],
    ])(
      '%s streams that are published on the media server are recorded',
      async (kind, stream) => {
        const recorded = await recorder.record(kind, await stream());
        const file = await recorder.download(recorded);
        expect((await probe(file)).streams.map(({ codec_name }) => codec_name).sort()).toEqual([
          'aac',
          'h264',
        ]);
        expect(await decodeErrors(file)).toBe('');
      },
      180_000,
    );

    async function rtsp(): Promise<string> {
      const feed = await LiveStream.start('flv');
      const server = await RtspServer.start({ feed: feed.url });
      closers.push(async () => {
        await server.stop();
        await feed.close();
      });
      return server.url;
    }

    it.concurrent.each([
      ['h264', 'aac', 'mp4'],
      ['vp8', 'opus', 'webm'],
      ['vp8', 'vorbis', 'webm'],
    ])(
      '%s and %s are recorded to %s',
      async (video, audio, container) => {
        const recorded = await recordMade(`${video}-${audio}`, `${video}-${audio}`);
        expect(path.extname(recorded.parts[0]?.library?.key ?? '')).toBe(`.${container}`);
        const { streams } = await probe(await recorder.download(recorded));
        expect(streams.map(({ codec_name }) => codec_name).sort()).toEqual([audio, video].sort());
      },
      180_000,
    );

    it.concurrent.each([
      ['44100 Hz', '44100', {}],
      ['another rate by record_audio_codec_sample_rate', '48000', { audioSampleRate: 48_000 }],
    ])(
      'audio is recorded at %s',
      async (_name, rateHz, config) => {
        const recorded = await recordMade(`rate-${rateHz}`, 'h264-aac', config);
        const { streams } = await probe(await recorder.download(recorded));
        expect(streams.find(({ codec_type }) => codec_type === 'audio')?.sample_rate).toBe(rateHz);
      },
      180_000,
    );

    it.concurrent('record_rotation begins a new file after some seconds, parts are numbered from 1', async () => {
      const config = { rotation: 1, fileTemplate: '{streamName}' };
      const { parts } = await recorder.record('rotated', { sourceUrl: rtmp }, { config, ms: 3_000 });
      expect(parts.length).toBeGreaterThan(1);
      expect(parts.map(({ fileName }) => fileName)).toEqual(
        parts.map((_, i) => `rotated_${String(i + 1).padStart(3, '0')}.mp4`),
      );
    }, 180_000);

    it.concurrent('record_rotation with an M at its end is megabytes', async () => {
      await recorder.ask('PUT', '/streams/sized', { name: 'sized', sourceUrl: rtmp });
      const recordingId = await recorder.startRecording('sized', { rotation: '20M' });
      await recorder.stopRecording('sized');
      expect(await recorder.recording(recordingId)).toMatchObject({
        settings: { rotation: { kind: 'size', everyBytes: 20 * 1024 * 1024 } },
      });
    });

    it.concurrent('rotation is switched off by itself for a stream in a chat room', async () => {
      const config = { rotation: 1, fileTemplate: '{streamName}' };
      const stream = { sourceUrl: rtmp, room: 'room1' };
      const { parts } = await recorder.record('in-room', stream, { config, ms: 3_000 });
      expect(parts.map(({ fileName }) => fileName)).toEqual(['in-room.mp4']);
      expect(parts[0]?.durationMs).toBeGreaterThan(2_000);
    }, 180_000);

    it("a published stream is recorded if its publisher's record parameter says so, and record_streams is on", async () => {
      const publish = async (mediaSessionId: string, record: boolean) => {
        const pending = { name: mediaSessionId, sourceUrl: rtmp, status: 'PENDING' };
        await recorder.ask('PUT', `/streams/${mediaSessionId}`, pending);
        const event = { mediaSessionId, name: mediaSessionId, status: 'PUBLISHING', published: true, record };
        await recorder.ask('POST', `/hooks/${SECRET}/wcs/StreamStatusEvent`, event);
        return (await recorder.ask('GET', `/recordings?mediaSessionId=${mediaSessionId}`)).recordings;
      };
      expect(await publish('not-asked', false)).toEqual([]);
      expect(await publish('asked', true)).toHaveLength(1);
      await recorder.stopRecording('asked');
      const off = hookSettingsSchema.parse({ recordStreams: false });
      expect(isRecorded({ name: 'asked', record: true, kind: 'webrtc' }, off)).toBe(false);
    });
  });

  describe('REST', () => {
    it('methods are below /rest-api and always POST; HTTP is on port 8081, HTTPS on 8444', async () => {
      expect(readSettings({})).toMatchObject({ apiPort: 8081, https: { port: 8444 } });
      expect((await recorder.call('POST', '/rest-api/stream/find_all')).status).toBe(200);
      expect((await recorder.call('GET', '/rest-api/stream/find_all')).status).toBe(405);
    });

    it('/stream/startRecording and /stream/stopRecording take {"mediaSessionId"}, with 404 for not found', async () => {
      const [unknown, known] = [{ mediaSessionId: '5a072377-73c1-4caf-abd3' }, { mediaSessionId: 'known' }];
      await recorder.ask('PUT', '/streams/known', { name: 'stream1', sourceUrl: rtmp });
      for (const method of ['startRecording', 'stopRecording']) {
        expect((await recorder.call('POST', `/rest-api/stream/${method}`, unknown)).status).toBe(404);
        expect((await recorder.call('POST', `/rest-api/stream/${method}`, known)).status).toBe(200);
      }
    });

    it('only a stream in state PUBLISHING can be recorded', async () => {
      for (const status of ['NEW', 'PENDING', 'PLAYING', 'PAUSED', 'UNPUBLISHED', 'STOPPED', 'FAILED']) {
        await recorder.ask('PUT', '/streams/other', { name: 'other', sourceUrl: rtmp, status });
        const answer = await recorder.call('POST', '/rest-api/stream/startRecording', {
          mediaSessionId: 'other',
        });
        expect(answer, status).toMatchObject({ status: 404, body: { error: { code: 'session_not_found' } } });
      }
    });
  });

  describe('the on-record hook', () => {
    const name = 'hall/1 "north"; $(id)';
    let recorded: Recorded;
    beforeAll(async () => {
      recorded = await recorder.record('hooked', { name, sourceUrl: rtmp });
    }, 180_000);

    it('on_record_hook_script, in any folder and of any name, runs when a record is finished', async () => {
      expect(script.file).toContain('any folder/any name');
      await script.ranFor(name);
    });

    it('$1 is the stream name, $2 the absolute path and name of the record', async () => {
      const file = await script.ranFor(name);
      expect(path.isAbsolute(file)).toBe(true);
      expect(path.basename(file)).toBe(recorded.parts[0]?.fileName);
    });

    it('its usual work is a copy of the record in /var/www/html/stream_records', async () => {
      const copy = path.join(script.target, path.basename(await script.ranFor(name)));
      expect(readFileSync(copy)).toEqual(readFileSync(await recorder.download(recorded)));
      // The move itself needs no script.
      expect(recorded.parts[0]?.library?.key).toBe('stream_records/stream-hooked.mp4');
    });

    it('a target of more than 255 characters makes the copy fail and the record stay behind: never here', async () => {
      const long = `${'зал/'.repeat(120)}1`;
      const config = { fileTemplate: '{streamName}', libraryKey: '{streamName}/{fileName}' };
      const stream = { name: long, sourceUrl: rtmp };
      const { parts } = await recorder.record('long', stream, { config });
      const key = parts[0]?.library?.key ?? '';
      expect(Buffer.byteLength(key)).toBeGreaterThan(255);
      for (const piece of key.split('/')) expect(Buffer.byteLength(piece)).toBeLessThanOrEqual(255);
      await script.ranFor(long);
      expect(readdirSync(script.target)).toContain(path.basename(key));
    }, 180_000);

    it('it needs sudo for any file operation: here whoever moves a record has exactly the rights for it', async () => {
      const rights = [...FUNCTIONS.relocate.grants, ...RECORDER_TASK.grants].flatMap((grant) =>
        'actions' in grant ? grant.actions.map((action) => `${grant.on} ${action}`) : [],
      );
      expect(rights).not.toContainEqual(expect.stringContaining('*'));
      expect(rights).not.toContain('library s3:DeleteObject');
      const copy = path.join(script.target, path.basename(await script.ranFor(name)));
      expect(statSync(copy).uid).toBe(process.getuid?.());
    });
  });
});
