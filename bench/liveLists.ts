import { Logger } from '@aws-lambda-powertools/logger';
import { Journal } from '../container/upload/journal.ts';
import { attemptKey, journalId, partKey } from '../functions/core/state/keys.ts';
import { LivePlaying } from '../functions/playback/live.ts';
import { Written } from '../test/support/journaledRecording.ts';
import { RecorderBench } from '../test/support/recorderBench.ts';
import { type Benchmark, median, timed } from './report.ts';

/** Of a full worker. */
const RECORDINGS = 10;
/** An hour of `maxLossMs`, the window of a list. */
const OBJECTS = 1_800;
const FRAGMENTS = 2;
const QUICK_OBJECTS = 200;
const COLD_RUNS = 3;
const AIM_FIRST_MS = 1_500;

/** The list of a recording that goes on, an hour after its start: by a function that knows nothing, and by one that does. */
export const liveLists: Benchmark = {
  name: 'live: lists of an hour',
  async run({ quick }) {
    const bench = new RecorderBench();
    await bench.start();
    const journal = new Journal(journalId('bench', 'lists'), {
      ...{ s3: bench.s3, bucket: bench.store.bucket, nowMs: Date.now },
      log: new Logger({ logLevel: 'SILENT' }),
    });
    try {
      const written: Written[] = [];
      for (let n = 0; n < RECORDINGS; n++) written.push(await begin(bench, journal));
      const objects = quick ? QUICK_OBJECTS : OBJECTS;
      for (let object = 0; object < objects; object++) {
        for (const one of written) for (let n = 0; n < FRAGMENTS; n++) one.add();
        await journal.flush();
      }
      const recordingId = written[0]?.recordingId ?? '';
      const reads = countReads(bench);
      const newFunction = () => new LivePlaying({ s3: bench.s3, store: bench.store, nowMs: Date.now });
      let [list, playing] = ['', newFunction()];
      const lasts: number[] = [];
      for (let run = 0; run < COLD_RUNS; run++) {
        playing = newFunction();
        const work = async (): Promise<void> => {
          list = await playing.list(recordingId);
        };
        lasts.push(await timed(work));
      }
      const cold = reads.count / COLD_RUNS;
      for (const one of written) one.add();
      await journal.flush();
      const warmMs = await timed(async () => void (await playing.list(recordingId)));
      const listed = list.match(/#EXTINF/g)?.length ?? 0;
      return [
        {
          ...{
            name: 'the first list, by a new function',
            value: median(lasts),
            unit: 'ms',
            aim: AIM_FIRST_MS,
          },
          detail: `${listed} segments of ${objects} objects, ${(Buffer.byteLength(list) / 1e3).toFixed(0)} KB, ${cold.toFixed(0)} reads of the journal`,
        },
        { name: 'the next one', value: warmMs, unit: 'ms' },
      ];
    } finally {
      await journal.close();
      await bench.close();
    }
  },
};

async function begin(bench: RecorderBench, journal: Journal): Promise<Written> {
  const recordingId = await bench.createJob('rtmp://h/a/b');
  const startTimeMs = Date.now() - OBJECTS * FRAGMENTS * 1_000;
  await bench.store.create(attemptKey(recordingId, 1, 'claim'), {
    ...{ attempt: 1, claimedAtMs: startTimeMs, journal: journal.id },
  });
  await bench.store.create(partKey(recordingId, 1, 'open'), {
    ...{ part: 1, attempt: 1, file: 1, key: `records/${recordingId}/1/cam.mp4`, uploadId: 'upload' },
    ...{ fileName: 'cam.mp4', format: 'mp4', openedAtMs: startTimeMs, startTimeMs },
    ...{ tracks: [{ kind: 'video', codec: 'h264' }], init: Buffer.from('head').toString('base64') },
  });
  return new Written(journal, recordingId, 1);
}

/** Of journals, from now on. */
function countReads({ faults }: RecorderBench): { count: number } {
  const reads = { count: 0 };
  const before = faults.hit.bind(faults);
  faults.hit = (call) => {
    if (call.operation === 'GetObject' && call.target.includes('/state/journal/')) reads.count += 1;
    return before(call);
  };
  return reads;
}
