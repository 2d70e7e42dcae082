import { parseArgs } from 'node:util';
import { HOST_TASK } from '../../infra/wiring.ts';
import { reportOf } from './report.ts';
import {
  DEFAULT_FLEET,
  DEFAULT_QUOTAS,
  DEFAULT_REQUESTS,
  DEFAULT_TIMES,
  HOUR_MS,
  type Scenario,
} from './scenario.ts';
import { simulate } from './simulation.ts';

const USAGE = `usage: npm run simulate -- [options]
  --recordings N     at a time; 100 by default
  --over SECONDS     they are started within so long; 60
  --hours N          and go on for so long, with a new part at each full hour; 2
  --hosts MIN-MAX    hosts that stand, and that there may be; none by default
  --per-host N       recordings that a host carries at most; ${HOST_TASK.maxRecordings}
  --moves N          records that are moved at a time; ${DEFAULT_FLEET.movesAtOnce}
  --vcpus N          quota of Fargate; no limit by default
  --lambda N         quota of Lambda's concurrency; ${DEFAULT_QUOTAS.lambdaConcurrency}
  --partitions N     that S3 has made of landing; ${DEFAULT_QUOTAS.s3Partitions}
  --seed N           the same seed, the same result; 1`;

const DEFAULTS = {
  recordings: '100',
  over: '60',
  hours: '2',
  hosts: '',
  'per-host': String(HOST_TASK.maxRecordings),
  moves: String(DEFAULT_FLEET.movesAtOnce),
  vcpus: 'Infinity',
  lambda: String(DEFAULT_QUOTAS.lambdaConcurrency),
  partitions: String(DEFAULT_QUOTAS.s3Partitions),
  seed: '1',
};

/** @throws Error naming the option and the rule */
export function scenarioOf(args: readonly string[]): Scenario | undefined {
  const options = Object.fromEntries(
    Object.keys(DEFAULTS).map((name) => [name, { type: 'string' as const }]),
  );
  const { values } = parseArgs({
    args: [...args],
    options: { ...options, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help === true) return undefined;
  const text = { ...DEFAULTS, ...values } as typeof DEFAULTS;
  const number = (name: keyof typeof DEFAULTS): number => {
    const value = Number(text[name]);
    if (!(value > 0)) throw new Error(`--${name} must be a number above 0, and is ${text[name]}`);
    return value;
  };
  const [, min, max] = /^(\d+)-(\d+)$/.exec(text.hosts) ?? [];
  if (text.hosts !== '' && (min === undefined || Number(min) > Number(max))) {
    throw new Error(`--hosts must be two numbers such as 2-10, and is ${text.hosts}`);
  }
  return {
    seed: number('seed'),
    load: {
      recordings: number('recordings'),
      overMs: number('over') * 1000,
      untilMs: number('hours') * HOUR_MS,
      rotateEveryMs: HOUR_MS,
    },
    fleet: {
      ...DEFAULT_FLEET,
      hosts:
        min === undefined
          ? undefined
          : { min: Number(min), max: Number(max), maxRecordings: number('per-host') },
      movesAtOnce: number('moves'),
    },
    quotas: {
      ...DEFAULT_QUOTAS,
      fargateVcpus: number('vcpus'),
      lambdaConcurrency: number('lambda'),
      s3Partitions: number('partitions'),
    },
    times: DEFAULT_TIMES,
    requests: DEFAULT_REQUESTS,
  };
}

/** `npm run simulate`: what a load does to a deployment, calculated; docs/scale.md. Exit codes: 0, 2 (usage). */
if (import.meta.main) {
  try {
    const scenario = scenarioOf(process.argv.slice(2));
    console.log(scenario === undefined ? USAGE : reportOf(scenario, simulate(scenario)));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}\n`);
    process.exitCode = 2;
  }
}
