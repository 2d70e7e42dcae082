import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EVENT_TYPES } from '../../functions/core/events/published.ts';
import { type Runtime, startRuntime } from '../../infra/local/runtime.ts';
import { Child, waitFor } from '../../test/support/children.ts';
import { type Benchmark, median } from '../report.ts';
import { ClipSource } from './clipSource.ts';
import { FlvClip, HD_4_MBIT } from './flvClip.ts';
import { call, watchLanding } from './runtimeCalls.ts';

const RECORDED_MS = 1_000;
const POLL_MS = 10;
const FRAGMENTED = ['-f', 'mp4', '-movflags', '+frag_keyframe+empty_moov+delay_moov', '-frag_duration'];
const FRAGMENT_US = '1000000';

/** What one recording took, in ms. Calls of S3 are counted when they arrive there. */
interface Latency {
  readonly answered: number;
  readonly opened: number;
  readonly firstMedia: number;
  readonly plainFirstByte: number;
  readonly stopAnswered: number;
  readonly available: number;
}

/** What a caller waits for, with the whole deployment on this machine. Fargate's own launch comes on top in AWS. */
export const latency: Benchmark = {
  name: 'waiting: start to first byte, stop to library',
  async run({ quick }) {
    const folder = await mkdtemp(path.join(tmpdir(), 'bench-latency-'));
    /** When each recording's record was announced. Asking the API again and again would slow down what is measured. */
    const availableAt = new Map<unknown, number>();
    const runtime = await startRuntime({
      dataDir: path.join(folder, 'data'),
      ingest: false,
      onEvent: ({ 'detail-type': type, detail }) => {
        if (type === EVENT_TYPES.recordAvailable) availableAt.set(detail.recordingId, performance.now());
      },
    });
    const source = await ClipSource.start(await FlvClip.make(HD_4_MBIT), { speed: 1 });
    try {
      const runs: Latency[] = [];
      for (let i = 0; i < (quick ? 1 : 5); i++) {
        const file = path.join(folder, `${i}.mp4`);
        runs.push(await measure({ runtime, availableAt, url: source.url, session: `m${i}`, file }));
      }
      const middle = (field: keyof Latency): number => median(runs.map((run) => run[field]));
      return [
        { name: 'start: answer', value: middle('answered'), unit: 'ms' },
        { name: 'start to open.json', value: middle('opened'), unit: 'ms' },
        {
          name: 'start to first media in landing',
          value: middle('firstMedia') / middle('plainFirstByte'),
          unit: '×',
          baseline: 'ffmpeg to a local file',
          detail: `${middle('firstMedia').toFixed(0)} ms against ${middle('plainFirstByte').toFixed(0)} ms, with no launch delay`,
        },
        { name: 'stop: answer', value: middle('stopAnswered'), unit: 'ms' },
        { name: 'stop to Record Available', value: middle('available'), unit: 'ms' },
      ];
    } finally {
      await source.close();
      await runtime.close();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

interface Run {
  readonly runtime: Runtime;
  readonly availableAt: ReadonlyMap<unknown, number>;
  readonly url: string;
  readonly session: string;
  readonly file: string;
}

async function measure({ runtime, availableAt, url, session, file }: Run): Promise<Latency> {
  await call(runtime, 'PUT', `/streams/${session}`, { name: session, sourceUrl: url });
  const seen = watchLanding(runtime);
  const startedAt = performance.now();
  const plain = new Child('ffmpeg', [
    ...['-nostdin', '-v', 'error', '-i', url, '-c', 'copy', ...FRAGMENTED, FRAGMENT_US, file],
  ]);
  try {
    const plainFirstByte = firstByteOf(file);
    const { recordingId } = await call(runtime, 'POST', '/rest-api/stream/startRecording', {
      mediaSessionId: session,
    });
    const answered = performance.now() - startedAt;
    const plainFirstByteAt = await plainFirstByte;
    await waitFor('media in landing', () => seen.firstMediaAt, { everyMs: POLL_MS });
    await delay(RECORDED_MS);
    const stoppedAt = performance.now();
    await call(runtime, 'POST', '/rest-api/stream/stopRecording', { mediaSessionId: session });
    const stopAnswered = performance.now() - stoppedAt;
    const available = await waitFor('the record to be available', () => availableAt.get(recordingId), {
      everyMs: POLL_MS,
    });
    return {
      answered,
      opened: (seen.openedAt ?? Number.NaN) - startedAt,
      firstMedia: (seen.firstMediaAt ?? Number.NaN) - startedAt,
      plainFirstByte: plainFirstByteAt - startedAt,
      stopAnswered,
      available: available - stoppedAt,
    };
  } finally {
    seen.end();
    await plain.stop();
  }
}

/** When the file got its first byte, by `performance.now()`. */
function firstByteOf(file: string): Promise<number> {
  return waitFor(
    'plain ffmpeg to write',
    async () => {
      const bytes = await stat(file).then(
        ({ size }) => size,
        (error: NodeJS.ErrnoException) => {
          if (error.code === 'ENOENT') return 0;
          throw error;
        },
      );
      return bytes > 0 ? performance.now() : undefined;
    },
    { everyMs: POLL_MS },
  );
}
