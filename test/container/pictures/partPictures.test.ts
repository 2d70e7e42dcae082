import { Logger } from '@aws-lambda-powertools/logger';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it, vi } from 'vitest';
import { PartPictures } from '../../../container/pictures/partPictures.ts';
import { CannotMakePictures } from '../../../container/pictures/pictureFfmpeg.ts';
import type { PictureBatch, PictureMaking } from '../../../container/pictures/pictureMaker.ts';
import { RecordingPictures } from '../../../container/pictures/recordingPictures.ts';
import { StateStore } from '../../../functions/aws/stateStore.ts';
import { decodeStoryboard } from '../../../functions/core/pictures/storyboard.ts';
import {
  DEFAULT_PICTURES,
  NO_PICTURES,
  type PictureSettings,
} from '../../../functions/core/settings/pictures.ts';
import { DEFAULT_SETTINGS } from '../../../functions/core/settings/settings.ts';
import { latestPictureKey, posterKey, storyboardKey } from '../../../functions/core/state/keys.ts';
import { keyPicture } from '../../support/keyPicture.ts';

const RECORDING = '01J9ZQ0000ABCDEFGHJKMNPQRS';
const KEYFRAME_EVERY_MS = 2_000;

/** What is put, by its key. */
class Puts {
  readonly objects = new Map<string, Buffer>();

  async send(command: object): Promise<object> {
    if (!(command instanceof PutObjectCommand))
      throw new Error(`${command.constructor.name} is not expected`);
    const { Key = '', Body } = command.input;
    this.objects.set(Key, Body as Buffer);
    return {};
  }

  object(key: string): Buffer {
    return this.objects.get(key) ?? Buffer.alloc(0);
  }
}

/** Makes pictures that say which keyframe they are of. */
class Maker implements PictureMaking {
  readonly batches: PictureBatch[] = [];
  readonly endWaitsMs = 60_000;
  fault: Error | undefined;

  async make(batch: PictureBatch): ReturnType<PictureMaking['make']> {
    this.batches.push(batch);
    if (this.fault !== undefined) throw this.fault;
    const all = batch.keyframes.map((data, place): [number, Buffer] => [place, jpegOf(data)]);
    return {
      tiles: new Map(all),
      large: new Map(all.filter(([place]) => batch.largePlaces.includes(place))),
    };
  }

  async sprite(tiles: readonly Buffer[]): Promise<Buffer> {
    return Buffer.concat([...tiles]);
  }
}

const numberOf = (keyframe: Buffer): number => keyframe.readUInt32BE(5);
const jpegOf = (keyframe: Buffer): Buffer => Buffer.from([0xff, 0xd8, 0xff, numberOf(keyframe)]);

function keyframe(number: number) {
  const data = Buffer.from([0, 0, 0, 5, 0x65, 0, 0, 0, number]);
  return { ...DESCRIBED, data };
}
const DESCRIBED = keyPicture();

/** A recording, minute by minute, of which each keyframe has a number. */
function recording(settings: PictureSettings = DEFAULT_PICTURES) {
  const s3 = new Puts();
  const client = s3 as unknown as S3Client;
  const maker = new Maker();
  const log = new Logger({ logLevel: 'SILENT' });
  const warn = vi.spyOn(log, 'warn');
  let nowMs = 0;
  const pictures = RecordingPictures.of({
    s3: client,
    store: new StateStore(client, 'landing'),
    pictures: maker,
    clock: { nowMs: () => nowMs },
    log,
    job: {
      recordingId: RECORDING,
      mediaSessionId: 'm1',
      requestedAtMs: 0,
      requestId: 'r',
      source: { url: 'rtmp://media.example/1' },
      stream: { name: 's' },
      settings: { ...DEFAULT_SETTINGS, pictures: settings },
    },
  });
  const part = (number: number) => pictures && new PartPictures(pictures, Promise.resolve({ part: number }));
  let taken = 0;
  const record = async (to: ReturnType<typeof part>, durationMs: number, fromMs = 0): Promise<void> => {
    const beginMs = nowMs - fromMs;
    for (; nowMs < beginMs + fromMs + durationMs; nowMs += KEYFRAME_EVERY_MS) {
      to?.take(keyframe(taken++), nowMs - beginMs);
      // What was begun is done.
      await new Promise(setImmediate);
    }
  };
  return { s3, maker, warn, pictures, part, record };
}

describe('the pictures of a part', () => {
  it('begin with its first keyframe, go on every two minutes, and end in a storyboard', async () => {
    const { s3, maker, part, record } = recording();
    const first = part(1);
    await record(first, 2_000);
    expect(s3.object(posterKey(RECORDING, 1))).toEqual(jpegOf(keyframe(0).data));
    expect([...s3.objects.keys()]).toEqual([posterKey(RECORDING, 1)]);
    await record(first, 242_000, 2_000);
    // At 120 s and at 240 s.
    expect(s3.object(latestPictureKey(RECORDING))).toEqual(jpegOf(keyframe(120).data));
    expect(maker.batches.map(({ largePlaces }) => largePlaces.length)).toEqual([1, 1, 1]);
    await first?.finish();
    expect(maker.batches.length).toBeLessThanOrEqual(4);
    const { layout, sprite } = decodeStoryboard(s3.object(storyboardKey(RECORDING, 1)));
    expect(sprite.length).toBe(4 * layout.timesMs.length);
    for (const [place] of layout.timesMs.entries()) {
      const number = sprite[4 * place + 3] ?? 0;
      expect(layout.timesMs[place]).toBe(KEYFRAME_EVERY_MS * number);
    }
    expect(Math.max(...maker.batches.map(({ keyframes }) => keyframes.length))).toBeLessThanOrEqual(18);
  });

  it('of a later part are made with the next batch, or at its end', async () => {
    const { s3, maker, part, record } = recording();
    await record(part(1), 10_000);
    const second = part(2);
    await record(second, 10_000);
    expect(maker.batches).toHaveLength(1);
    await second?.finish();
    expect(s3.object(posterKey(RECORDING, 2))).toEqual(jpegOf(keyframe(5).data));
    expect(maker.batches).toHaveLength(2);
  });

  it('that wait are made as soon as its end is expected, and with the end what came since', async () => {
    const { s3, maker, part, record } = recording();
    const first = part(1);
    await record(first, 60_000);
    first?.expectEnd();
    await new Promise(setImmediate);
    expect(maker.batches.map(({ keyframes }) => keyframes.length)).toEqual([1, expect.any(Number)]);
    await record(first, 10_000, 60_000);
    await first?.finish();
    expect(maker.batches).toHaveLength(3);
    const { layout } = decodeStoryboard(s3.object(storyboardKey(RECORDING, 1)));
    expect(layout.timesMs.at(-1)).toBeGreaterThanOrEqual(60_000);
  });

  it('never end a recording, whatever a keyframe does to what looks at it', async () => {
    const { maker, part, warn, record } = recording();
    const only = part(1);
    const broken = Object.defineProperty(keyframe(0), 'description', {
      get: () => {
        throw new TypeError('nobody thought of this');
      },
    });
    expect(() => only?.take(broken, 0)).not.toThrow();
    await record(only, 130_000);
    await only?.finish();
    expect(warn).toHaveBeenCalledExactlyOnceWith(
      'pictures cannot be made of this recording',
      expect.objectContaining({ error: expect.objectContaining({ message: 'nobody thought of this' }) }),
    );
    expect(maker.batches).toEqual([]);
  });

  it('never end a recording where decoding fails in a way of its own', async () => {
    const { part, warn, record, pictures } = recording();
    const only = part(1);
    vi.spyOn(pictures as RecordingPictures, 'begin').mockImplementation(() => {
      throw new TypeError('nobody thought of this');
    });
    await record(only, 4_000);
    await expect(only?.finish()).resolves.toBeUndefined();
    expect(warn.mock.lastCall?.[0]).toBe('pictures cannot be made of this recording');
  });

  it('are those that were asked for', async () => {
    expect(recording(NO_PICTURES).pictures).toBeUndefined();
    const { s3, maker, part, record } = recording({ ...NO_PICTURES, latestEveryMs: 60_000 });
    const only = part(1);
    await record(only, 122_000);
    await only?.finish();
    expect(maker.batches.map(({ tile, keyframes }) => [tile, keyframes.length])).toEqual([
      [undefined, 1],
      [undefined, 1],
    ]);
    expect([...s3.objects.keys()]).toEqual([latestPictureKey(RECORDING)]);
  });

  it('are given up after three failures, or the first that says that ffmpeg cannot, with a line each', async () => {
    const failing = recording();
    failing.maker.fault = new Error('broken');
    const one = failing.part(1);
    await failing.record(one, 3_600_000);
    await one?.finish();
    expect(failing.maker.batches).toHaveLength(3);
    expect(failing.warn).toHaveBeenCalledTimes(3);
    const lacking = recording();
    lacking.maker.fault = new CannotMakePictures('no decoder');
    const other = lacking.part(1);
    await lacking.record(other, 600_000);
    await other?.finish();
    expect(lacking.maker.batches).toHaveLength(1);
    expect(lacking.warn.mock.calls.map(([text]) => text)).toEqual([
      'pictures cannot be made of this recording',
    ]);
  });

  it('hold no more keyframes than a few megabytes', async () => {
    const { maker, part } = recording();
    const large = part(1);
    const data = Buffer.concat([keyframe(0).data, Buffer.from([0, 0x18, 0, 0]), Buffer.alloc(0x18_0000)]);
    for (let number = 0; number < 16; number++) large?.take({ ...DESCRIBED, data }, 1_000 * number);
    large?.take({ ...DESCRIBED, data: Buffer.alloc(5 * 1024 * 1024) }, 20_000);
    await large?.finish();
    for (const { keyframes } of maker.batches)
      expect(keyframes.reduce((sum, one) => sum + one.length, 0)).toBeLessThan(7 * 1024 * 1024);
  });
});
