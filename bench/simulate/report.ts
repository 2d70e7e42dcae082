import { costOfHour } from './cost.ts';
import type { Scenario } from './scenario.ts';
import type { Simulated, Spread } from './simulated.ts';

/** A line for each thing that someone would ask, and what binds. */
export function reportOf(scenario: Scenario, result: Simulated): string {
  const { load, fleet, quotas } = scenario;
  const { starts, runTask, parts, s3 } = result;
  const cost = costOfHour(result, scenario);
  const hosts =
    fleet.hosts === undefined
      ? 'none: a task of its own each'
      : `${fleet.hosts.min} to ${fleet.hosts.max}, of ${fleet.hosts.maxRecordings}`;
  const lines: readonly (readonly [string, string])[] = [
    [
      'recordings',
      `${load.recordings}, started within ${duration(load.overMs)}, for ${duration(load.untilMs)}`,
    ],
    ['hosts', hosts],
    ['seed', String(scenario.seed)],
    ['', ''],
    [
      'recorded',
      `${starts.recorded} of ${starts.asked}: ${result.hosted} on hosts, ${result.dedicated} in tasks`,
    ],
    ['never started', String(starts.givenUp)],
    ['start to first frame', spread(result.startLatencyMs)],
    ['launch queue, age', spread(result.launchQueueAgeMs)],
    ['RunTask', `${runTask.calls} calls, ${runTask.refused} refused`],
    ['API throttled', String(result.apiThrottled)],
    ['parts moved', `${parts.moved} of ${parts.closed}`],
    ['end of part to library', spread(result.moveAgeMs)],
    ['hosts, tasks at most', `${result.hostsMost}, ${result.tasksMost}: ${result.vcpusMost} vCPUs`],
    ['Lambda at once', `${result.lambdaMost} of ${quotas.lambdaConcurrency}`],
    [
      'S3 writes a second',
      `${s3.peakWritesPerSecond.toFixed(0)} at most, of ${quotas.s3WritesPerSecond * quotas.s3Partitions} (${quotas.s3Partitions} partitions); longest wait ${duration(s3.longestWaitMs)}`,
    ],
    [
      'cost of an hour',
      `$${cost.sum.toFixed(4)}: Fargate ${cost.fargate.toFixed(4)}, addresses ${cost.addresses.toFixed(4)}, S3 requests ${cost.s3.toFixed(4)}, functions and queues ${cost.lambda.toFixed(4)}`,
    ],
  ];
  return lines.map(([name, value]) => (name === '' ? '' : `${name.padEnd(24)}${value}`)).join('\n');
}

const spread = ({ median, p99, most }: Spread): string =>
  `${duration(median)} median, ${duration(p99)} p99, ${duration(most)} at most`;

export function duration(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return ms < 3_600_000 ? `${(ms / 60_000).toFixed(1)} min` : `${(ms / 3_600_000).toFixed(1)} h`;
}
