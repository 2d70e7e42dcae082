import '../setup/quickFfmpegHere.ts';
import { parseArgs } from 'node:util';
import { sessionKey } from '../../functions/core/state/keys.ts';
import type { Session } from '../../functions/core/state/objects.ts';
import { MediaFolder } from '../support/media.ts';
import { RecorderBench } from '../support/recorderBench.ts';
import { TOOLS } from '../support/tools.ts';
import { faultsOf, picturesOf } from './check.ts';
import { ENHANCED, makeRawMedia, type RawMedia, tagsOf } from './media.ts';
import type { Pictures } from './pictureFaults.ts';
import { startServer } from './server.ts';
import { pausesOf, STREAM_FORMATS, type Story, storyOf } from './story.ts';

/**
 * `npm run -s test:streams`: streams made at random out of what real ones do, recorded, and compared with what was sent:
 * pictures by their hashes, sound by its pitch, both by their times. `-- --count N` streams from `--seed S` on, one seed
 * each, or `--seeds 7,7,9`; the same seed makes the same stream. `--at-once N` of them; `--format F` takes those of one
 * format (story.ts), and all of HLS as `hls`, or as `fmp4`. `--codec C` (hevc, av1) sends other pictures than H.264, over
 * HTTP and RTMP. `--steady` takes no stream that pauses: how long a pause is in the record is told by the clock, which a
 * busy machine bends.
 */
const { values } = parseArgs({
  options: {
    count: { type: 'string' },
    seed: { type: 'string' },
    seeds: { type: 'string' },
    'at-once': { type: 'string' },
    format: { type: 'string' },
    codec: { type: 'string' },
    steady: { type: 'boolean', default: false },
  },
});
if (!TOOLS.ffmpeg.present()) {
  console.log('streams: skipped, ffmpeg is missing');
  process.exit(process.env.CI === 'true' ? 1 : 0);
}
const format = STREAM_FORMATS.find((one) => one === values.format);
if (format !== values.format) throw new Error(`--format is one of ${STREAM_FORMATS.join(', ')}`);
const codec = ENHANCED.find((one) => one === values.codec);
if (codec !== values.codec) throw new Error(`--codec is one of ${ENHANCED.join(', ')}`);
const listed = values.seeds?.split(',').map(Number);
const count = listed?.length ?? Number(values.count ?? 500);
const firstSeed = Number(values.seed ?? 1 + (Date.now() % 2 ** 30));
const atOnce = Number(values['at-once'] ?? 4);
/** Longer than any machine is away. The registry says when a stream is over. */
const CUT_WINDOW_MS = 60_000;

async function record(
  bench: RecorderBench,
  folder: MediaFolder,
  media: RawMedia,
  pictures: Pictures,
  story: Story,
): Promise<string[]> {
  let mediaSessionId = '';
  const server = await startServer(tagsOf(media, story), story, async () => {
    const session: Session = {
      mediaSessionId,
      name: 'generated',
      status: 'UNPUBLISHED',
      sourceUrl: server.url,
      eventAtMs: Date.now(),
    };
    await bench.store.create(sessionKey(mediaSessionId), session);
  });
  const recordingId = await bench.createJob(server.url, { reconnectWindowMs: CUT_WINDOW_MS });
  ({ mediaSessionId } = (await bench.objects(recordingId)).job);
  const reason = await bench.run(recordingId).reason;
  const objects = await bench.objects(recordingId);
  await server.close();
  const finals = [...objects.parts.values()].flatMap(({ final }) => final ?? []);
  const parts = await Promise.all(
    finals.map(async ({ key, part, format, durationMs }) => ({
      file: folder.write(`${recordingId}-${part}.${format}`, await bench.object(key)),
      durationMs,
    })),
  );
  const faults = await faultsOf(parts, server.sent, story, pictures);
  return reason.code === 'source_ended' ? faults : [`it ended with ${reason.code}`, ...faults];
}

console.log(`streams: ${count}, seeds ${values.seeds ?? `from ${firstSeed}`}`);
const folder = new MediaFolder();
const bench = new RecorderBench();
await bench.start();
let faulty = 0;
try {
  const media = makeRawMedia(folder, codec);
  const pictures = await picturesOf(media);
  const stories: Story[] = listed?.map((seed) => storyOf(seed, format)) ?? [];
  for (let seed = firstSeed; stories.length < count; seed++) {
    const story = storyOf(seed, format);
    const isTagged = story.format === 'flv' || story.format === 'rtmp';
    const isAsked = (format === undefined || format === story.format) && (codec === undefined || isTagged);
    if (isAsked && (!values.steady || pausesOf(story).length === 0)) stories.push(story);
  }
  const worker = async (): Promise<void> => {
    for (let story = stories.shift(); story !== undefined; story = stories.shift()) {
      const faults = await record(bench, folder, media, pictures, story);
      if (faults.length === 0) continue;
      faulty += 1;
      console.log(`seed ${story.seed}: ${JSON.stringify(story)}`);
      for (const fault of faults) console.log(`  ${fault}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
} finally {
  await bench.close();
  folder.remove();
}
console.log(`streams: ${count - faulty} of ${count} without a fault`);
process.exit(faulty === 0 ? 0 : 1);
