import { randomBytes } from 'node:crypto';
import { Logger } from '@aws-lambda-powertools/logger';
import { CreateMultipartUploadCommand } from '@aws-sdk/client-s3';
import { sendInSlices } from '../functions/aws/slices.ts';
import { StateStore } from '../functions/aws/stateStore.ts';
import { leaveMediaUnsigned } from '../functions/aws/unsignedMedia.ts';
import { partKey } from '../functions/core/state/keys.ts';
import type { OpenPart } from '../functions/core/state/partObjects.ts';
import { removeSettled } from '../functions/mending/journalRemoval.ts';
import { Rescue } from '../functions/mending/rescue.ts';
import { JournalForTests } from '../test/support/journal.ts';
import { RecorderPlace } from './recorder/place.ts';
import { type Benchmark, median } from './report.ts';

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
    try {
      const runs: Spent[] = [];
      for (let run = 0; run < (quick ? 1 : 5); run++) runs.push(await rescued(place, run));
      return [
        {
          name: `${RECORDINGS} recordings of a dead worker, ${SECONDS} s of each in its journal`,
          value: median(runs.map(({ ms }) => ms)),
          unit: 'ms',
          aim: AIM_MS,
          detail: `over TLS; own CPU ${Math.round(median(runs.map(({ cpuMs }) => cpuMs)))} ms; S3 in a process of its own; settling not counted`,
        },
      ];
    } finally {
      await place.close();
    }
  },
};

interface Spent {
  readonly ms: number;
  readonly cpuMs: number;
}

async function rescued(place: RecorderPlace, run: number): Promise<Spent> {
  const log = new Logger({ logLevel: 'SILENT' });
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
  // As the function that settles has it.
  const own = leaveMediaUnsigned(sendInSlices(place.secureClient()));
  const ownStore = new StateStore(own, LANDING);
  const rescuer = new Rescue({ s3: own, store: ownStore, clock: { nowMs: Date.now } });
  const [startedAt, cpu] = [performance.now(), process.cpuUsage()];
  const journals = rescuer.journals(true);
  const finals = await Promise.all(parts.map((part) => rescuer.rescue(part, log, journals)));
  // Nobody watches any more what was written.
  await removeSettled({ s3: own, store: ownStore }, journals, Number.POSITIVE_INFINITY, log);
  const { user, system } = process.cpuUsage(cpu);
  const ms = performance.now() - startedAt;
  if (finals.some((final) => final?.bytes !== objects * bytes.length)) throw new Error('not all was rescued');
  return { ms, cpuMs: (user + system) / 1000 };
}
