import { logger } from '../../functions/aws/logger.ts';
import { Patience, PatientStore } from '../attempt/patience.ts';
import { PictureMaker } from '../pictures/pictureMaker.ts';
import { recorderS3Client } from '../upload/s3Client.ts';
import { StorageClock } from '../upload/storageClock.ts';
import { readMergeEnv } from './env.ts';
import { composeMerge } from './mergeTask.ts';

/** A task that composes one merge, as its environment names it. @returns its exit code */
export async function runMerge(): Promise<number> {
  const env = readMergeEnv(process.env);
  logger.appendKeys({ mergeId: env.MERGE_ID });
  const clock = new StorageClock(logger);
  const s3 = clock.listen(recorderS3Client(logger));
  const patience = new Patience();
  const ending = new AbortController();
  const onSigterm = (): void => {
    patience.sigterm();
    ending.abort(new Error('the task was told to end'));
  };
  process.on('SIGTERM', onSigterm);
  process.on('SIGINT', onSigterm);
  const ffmpegPath = env.FFMPEG_PATH ?? 'ffmpeg';
  return composeMerge({
    ...{ s3, store: new PatientStore(s3, env.LANDING_BUCKET, { signal: patience.signal, log: logger }) },
    ...{ pictures: new PictureMaker(ffmpegPath), clock, log: logger },
    ...{ mergeId: env.MERGE_ID, ffmpegPath, fontPath: env.FONT_PATH, spoolFolder: env.SPOOL_DIR },
    signal: ending.signal,
  });
}
