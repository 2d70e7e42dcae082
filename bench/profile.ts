import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ClipSource } from './recorder/clipSource.ts';
import { FlvClip, HD_4_MBIT } from './recorder/flvClip.ts';
import { RecorderPlace } from './recorder/place.ts';

/** `node bench/profile.ts [SECONDS]`: what the recorder's main thread spends its time on; the profile itself is kept. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[];
  readonly startTime: number;
}

/** Loading and compiling, once for each recording. */
const START_UP_US = 5_000_000;
const SHOWN = 40;

const seconds = Number(process.argv[2] ?? 60);
const folder = await mkdtemp(path.join(tmpdir(), 'bench-profile-'));
const place = await RecorderPlace.start({ nodeArguments: ['--cpu-prof', `--cpu-prof-dir=${folder}`] });
const source = await ClipSource.start(await FlvClip.make(HD_4_MBIT), { speed: 1 });
try {
  const recorder = await place.record(source.url);
  await delay(seconds * 1000 + START_UP_US / 1000);
  await recorder.stop();
} finally {
  await source.close();
  await place.close();
}
const [file = ''] = await readdir(folder);
console.log(path.join(folder, file));
report(JSON.parse(await readFile(path.join(folder, file), 'utf8')) as CpuProfile);

function report({ nodes, samples, timeDeltas }: CpuProfile): void {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const self = new Map<string, number>();
  let atUs = 0;
  for (const [i, id] of samples.entries()) {
    // A delta is the time until the sample that it belongs to.
    atUs += timeDeltas[i] ?? 0;
    const { functionName = '', url = '' } = byId.get(id)?.callFrame ?? {};
    if (atUs < START_UP_US || functionName === '(idle)') continue;
    const name = `${functionName || '(anonymous)'} ${path.basename(url)}`;
    self.set(name, (self.get(name) ?? 0) + (timeDeltas[i + 1] ?? 0));
  }
  const perMinute = 60 / seconds / 1000;
  const total = [...self.values()].reduce((a, b) => a + b, 0);
  console.log(`${(total * perMinute).toFixed(0)} ms a minute; self time of functions:`);
  for (const [name, us] of [...self].toSorted(([, a], [, b]) => b - a).slice(0, SHOWN)) {
    console.log(`  ${(us * perMinute).toFixed(1).padStart(7)} ms  ${name}`);
  }
}
