import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import path from 'node:path';
import { CreateMultipartUploadCommand } from '@aws-sdk/client-s3';
import { partKey } from '../functions/core/state/keys.ts';
import type { OpenPart } from '../functions/core/state/partObjects.ts';
import { FUNCTIONS } from '../infra/wiring.ts';
import { JournalForTests } from '../test/support/journal.ts';
import { RecorderPlace, type SecureEndpoint } from './recorder/place.ts';
import { type Benchmark, median } from './report.ts';
import type { RescueTask, Spent } from './rescueProcess.ts';

const AIM_MS = 2_000;
const RECORDINGS = 10;
/** Of 4 Mbit/s. */
const BYTES_A_SECOND = 500_000;
const SECONDS = 30;
/** One is written every `maxLossMs`. */
const OBJECT_SECONDS = 2;
const LANDING = 'landing';

/** Ten recordings of a dead worker, each with half a minute in the journal and none in S3 parts. */
export const rescue: Benchmark = {
  name: 'rescue out of the journal',
  async run({ quick }) {
    const place = await RecorderPlace.start({ tls: true });
    const function_ = startFunction(place.secureEndpoint);
    try {
      // A function that has rescued before: its first one compiles.
      await rescued(place, function_, 0);
      const runs: Spent[] = [];
      for (let run = 1; run <= (quick ? 1 : 5); run++) runs.push(await rescued(place, function_, run));
      const cpuMs = median(runs.map((spent) => spent.cpuMs));
      const peakMb = Math.max(...runs.map((spent) => spent.peakMb));
      return [
        {
          name: `${RECORDINGS} recordings of a dead worker, ${SECONDS} s of each in its journal`,
          value: median(runs.map(({ ms }) => ms)),
          unit: 'ms',
          aim: AIM_MS,
          detail: `over TLS; own CPU ${Math.round(cpuMs)} ms, at most ${Math.round(peakMb)} MB resident; S3 in a process of its own; settling not counted`,
        },
      ];
    } finally {
      function_.disconnect();
      await place.close();
    }
  },
};

/** With as much heap as Lambda gives Node. */
function startFunction(endpoint: SecureEndpoint): ChildProcess {
  const { memoryMb } = FUNCTIONS.settle;
  const execArgv = [
    `--max-semi-space-size=${Math.floor(memoryMb / 20)}`,
    `--max-old-space-size=${Math.floor(memoryMb * 0.9)}`,
  ];
  const env = { ENDPOINT: JSON.stringify(endpoint) };
  return fork(path.join(import.meta.dirname, 'rescueProcess.ts'), { execArgv, env });
}

async function rescued(place: RecorderPlace, function_: ChildProcess, run: number): Promise<Spent> {
  const { client: s3, store } = place;
  const journal = new JournalForTests(s3, LANDING, `host/worker${run}`);
  const parts = await Promise.all(
    Array.from({ length: RECORDINGS }, async () => {
      const recordingId = await place.createJob('rtmp://host/live/key');
      const key = `records/${recordingId}/1/cam.mp4`;
      const checksum = { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' } as const;
      const created = await s3.send(
        new CreateMultipartUploadCommand({ Bucket: LANDING, Key: key, ...checksum }),
      );
      const open: OpenPart = {
        part: 1,
        attempt: 1,
        file: 1,
        key,
        uploadId: created.UploadId ?? '',
        fileName: 'cam.mp4',
        format: 'mp4',
        openedAtMs: 1_000,
        startTimeMs: 900,
        tracks: [],
      };
      await store.create(partKey(recordingId, 1, 'open'), open);
      return { recordingId, open, journal: journal.id, endedAtMs: 9_000 };
    }),
  );
  const bytes = randomBytes(Math.round(OBJECT_SECONDS * BYTES_A_SECOND));
  const objects = Math.round(SECONDS / OBJECT_SECONDS);
  for (let n = 0; n < objects; n++) {
    await journal.write(
      parts.map(({ recordingId }) => ({
        recordingId,
        attempt: 1,
        file: 1,
        offset: n * bytes.length,
        bytes,
        durationMs: (n + 1) * OBJECT_SECONDS * 1_000,
        videoFrames: n,
        atMs: 2_000 + n,
      })),
    );
  }
  const task: RescueTask = { bucket: LANDING, parts, partBytes: objects * bytes.length };
  function_.send(task);
  const ended = new AbortController();
  try {
    const failed = once(function_, 'exit', { signal: ended.signal }).then(() => {
      throw new Error('the rescue failed');
    });
    const [spent] = (await Promise.race([once(function_, 'message'), failed])) as [Spent];
    return spent;
  } finally {
    ended.abort();
  }
}
