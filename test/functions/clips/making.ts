import { Logger } from '@aws-lambda-powertools/logger';
import type { CompleteMultipartUploadCommand, S3Client } from '@aws-sdk/client-s3';
import type { MessageQueue } from '../../../functions/aws/queues.ts';
import { StateStore } from '../../../functions/aws/stateStore.ts';
import { ClipMaking } from '../../../functions/clips/making.ts';
import { type Clip, clipSchema } from '../../../functions/core/clips/clip.ts';
import { clipKey, clipMarkerKey } from '../../../functions/core/clips/keys.ts';
import { newRecordingId } from '../../../functions/core/state/ids.ts';
import type { Job } from '../../../functions/core/state/objects.ts';
import type { MoveBench } from '../relocation/bench.ts';
import { START_MS } from './recording.ts';

export const SILENT = new Logger({ logLevel: 'SILENT' });

let count = 0;

/** Asks for a clip as the API does, without its checks. */
export async function askClip(
  { store }: MoveBench,
  { recordingId }: Job,
  wanted: Pick<Clip, 'fromMs' | 'toMs'> & Partial<Clip>,
): Promise<Clip> {
  count += 1;
  const clip: Clip = {
    ...{ clipId: newRecordingId(START_MS, Buffer.alloc(16, count)), recordingId, requestedAtMs: START_MS },
    ...{ requestId: 'test', kind: 'clip', status: 'processing', ...wanted },
  };
  await store.create(clipMarkerKey(recordingId, clip.clipId), clip);
  await store.create(clipKey(recordingId, clip.clipId), clip);
  return clip;
}

/** The making under test. */
export function clipMaking(bench: MoveBench, s3: S3Client = bench.cut, nowMs = START_MS): ClipMaking {
  const store = new StateStore(bench.cut, bench.store.bucket);
  return new ClipMaking({
    ...{ s3, store, bus: bench.bus('cut'), clock: { nowMs: () => nowMs } },
    library: { bucket: 'library' },
  });
}

export async function readClip(
  { store }: MoveBench,
  { recordingId, clipId }: Clip,
): Promise<Clip | undefined> {
  return (await store.read(clipKey(recordingId, clipId), clipSchema))?.value;
}

/** Asks for it, and makes it. */
export async function makeClip(
  bench: MoveBench,
  job: Job,
  wanted: Pick<Clip, 'fromMs' | 'toMs'> & Partial<Clip>,
): Promise<Clip> {
  const asked = await askClip(bench, job, wanted);
  await clipMaking(bench).make(asked, SILENT);
  return (await readClip(bench, asked)) ?? asked;
}

/** Of the function that takes what callers ask of clips. @param send takes what it puts into the queue */
export function askingPorts(bench: MoveBench, send: (message: object) => Promise<void>) {
  const s3 = bench.client('clips');
  const queue = { send } as unknown as MessageQueue;
  return { s3, store: new StateStore(s3, bench.store.bucket), queue };
}

/** S3 as somebody sees it to whom something happens before, or `lost` after, the first such call. */
export function intercepted(
  { cut }: MoveBench,
  name: string,
  happen: () => Promise<void>,
  isAfter = false,
): S3Client {
  let isOver = false;
  const send = async (command: object): Promise<unknown> => {
    const hits = !isOver && command.constructor.name === name;
    if (hits) isOver = true;
    if (hits && !isAfter) await happen();
    const answer = await cut.send(command as CompleteMultipartUploadCommand);
    if (hits && isAfter) await happen();
    return answer;
  };
  return Object.assign(Object.create(cut) as S3Client, { send });
}

/** It is its end: the call is carried out where its answer is `lost`. */
export function dying(bench: MoveBench, name: string, how: 'lost' | 'fail'): S3Client {
  const die = async (): Promise<void> => {
    throw new Error('it died');
  };
  return intercepted(bench, name, die, how === 'lost');
}
