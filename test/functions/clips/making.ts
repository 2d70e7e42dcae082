import { Logger } from '@aws-lambda-powertools/logger';
import type { S3Client } from '@aws-sdk/client-s3';
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
