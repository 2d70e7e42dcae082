import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Runtime, startRuntime } from '../../infra/local/runtime.ts';
import { waitFor } from '../../test/support/children.ts';
import { type Benchmark, median } from '../report.ts';
import { type Moments, watchMoments } from '../simulate/moments.ts';
import { type CpuByKind, cpuByKind } from '../simulate/processTree.ts';
import { ClipSource } from './clipSource.ts';
import { type ClipOptions, FlvClip } from './flvClip.ts';
import { call } from './runtimeCalls.ts';

/** As little as ffmpeg makes of a picture: what is measured is how many there are. */
const CLIP: ClipOptions = {
  size: '160x90',
  videoBitsPerSecond: 40_000,
  audioBitsPerSecond: 16_000,
  framesPerKeyframe: 25,
};
/** Each has room for forty. ECS's RunTask takes 20 a second, here too (infra/emulators/ecs/server.ts). */
const HOSTS = 2;
const LOOK_AFTER_MS = 5_000;
const LOOKED_AT = 5;
const ALL_WITHIN_MS = 300_000;
const AIM_HOSTED_MS = 5_000;

/** More at once than hosts have room for: nobody is refused, what there is room for records, the rest says what it waits for. */
export const manyStarts: Benchmark = {
  name: `many starts at once on ${HOSTS} hosts`,
  async run({ quick }) {
    const count = quick ? 10 : 100;
    const folder = await mkdtemp(path.join(tmpdir(), 'bench-many-'));
    const source = await ClipSource.start(await FlvClip.make(CLIP), { speed: 1 });
    const runtime = await startRuntime({
      dataDir: path.join(folder, 'data'),
      ingest: false,
      hosts: HOSTS,
    });
    try {
      const moments = watchMoments(runtime);
      const announce = (name: string) =>
        call(runtime, 'PUT', `/streams/${name}`, { name, sourceUrl: source.url });
      // Functions and hosts are there.
      await announce('first');
      const first = await start(runtime, 'first');
      await opened(moments, [first.recordingId]);
      const names = Array.from({ length: count }, (_, i) => `many${i}`);
      for (const name of names) await announce(name);
      const [before, askedAt] = [cpuByKind(), performance.now()];
      const answers = await Promise.all(names.map((name) => start(runtime, name)));
      const answeredMs = performance.now() - askedAt;
      const ids = answers.flatMap(({ recordingId }) => recordingId ?? []);
      await delay(Math.max(0, LOOK_AFTER_MS - answeredMs));
      const lookedAt = performance.now();
      const waiting = ids.filter((id) => !moments.firstFrames.has(id));
      const told: Shown[] = [];
      // Who asked for all of them would take the CPU that they wait for.
      for (const id of waiting.slice(0, LOOKED_AT)) told.push(await show(runtime, id));
      const silent = told.filter((shown) => !saysWhy(shown));
      await opened(moments, ids);
      const after = cpuByKind();
      const took = (some: readonly string[]): readonly number[] =>
        some.map((id) => (moments.firstFrames.get(id) ?? 0) - askedAt).sort((a, b) => a - b);
      const [all, hosted] = [took(ids), took(ids.filter((id) => moments.hosted.has(id)))];
      const used = (of: (cpu: CpuByKind) => number): string => ((of(after) - of(before)) / 1000).toFixed(1);
      return [
        {
          name: `${count} starts at once, answers of 500 and more`,
          value: answers.filter(({ status }) => status >= 500).length,
          unit: 'answers',
          aim: 0,
          detail: `the last one after ${answeredMs.toFixed(0)} ms`,
        },
        {
          name: `${count} starts at once, that wait and do not say so`,
          value: silent.length,
          unit: 'recordings',
          aim: 0,
          detail: `${waiting.length} waited ${(lookedAt - askedAt).toFixed(0)} ms after the start; of ${told.length}, for: ${reasons(told)}`,
        },
        {
          name: `${count} starts at once, those that hosts had room for recording`,
          value: hosted.at(-1) ?? 0,
          unit: 'ms',
          aim: AIM_HOSTED_MS,
          detail: `${hosted.length} of them, half ${median(hosted).toFixed(0)} ms`,
        },
        {
          name: `${count} starts at once, all recording`,
          value: all.at(-1) ?? 0,
          unit: 'ms',
          detail: `half of them ${median(all).toFixed(0)} ms; CPU s until then: hosts ${used(({ supervisors, workers }) => supervisors + workers)}, pictures ${used(({ pictures }) => pictures)}, functions ${used(({ functions }) => functions)}, S3 and queues ${used(({ services }) => services)}, of ${used(({ all: whole }) => whole)} in all`,
        },
      ];
    } finally {
      await runtime.close({ graceMs: 0 });
      await source.close();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

interface Started {
  readonly status: number;
  readonly recordingId: string | undefined;
}

async function start({ apiUrl }: Runtime, mediaSessionId: string): Promise<Started> {
  const answer = await fetch(`${apiUrl}/rest-api/stream/startRecording`, {
    method: 'POST',
    body: JSON.stringify({ mediaSessionId }),
    headers: { 'content-type': 'application/json' },
  });
  const { recordingId } = (await answer.json()) as { readonly recordingId?: string };
  return { status: answer.status, recordingId };
}

async function show({ apiUrl }: Runtime, recordingId: string): Promise<Shown> {
  return (await (await fetch(`${apiUrl}/recordings/${recordingId}`)).json()) as Shown;
}

async function opened({ firstFrames }: Moments, ids: readonly (string | undefined)[]): Promise<void> {
  await waitFor(
    'a first frame of each',
    () => (ids.every((id) => id !== undefined && firstFrames.has(id)) ? true : undefined),
    { timeoutMs: ALL_WITHIN_MS },
  );
}

interface Shown {
  readonly status?: string;
  readonly waiting?: { readonly since?: string; readonly for?: string };
}

/** One that has begun meanwhile has nothing to say. */
function saysWhy({ status, waiting }: Shown): boolean {
  return status !== 'starting' || (waiting?.since !== undefined && waiting.for !== undefined);
}

/** How many wait for what. */
function reasons(shown: readonly Shown[]): string {
  const counts = Map.groupBy(shown, ({ status, waiting }) => waiting?.for ?? status ?? 'nothing');
  return [...counts].map(([what, { length }]) => `${length} ${what}`).join(', ');
}
