import { FUNCTIONS } from '../../infra/wiring.ts';
import type { Scenario } from './scenario.ts';
import type { Simulated } from './simulated.ts';

/** List prices of us-east-1, Linux on arm64, in dollars; docs/cost.md. */
export const PRICES = {
  vcpuHour: 0.03238,
  gibHour: 0.00356,
  publicAddressHour: 0.005,
  s3Write: 0.005 / 1_000,
  s3Read: 0.0004 / 1_000,
  lambdaGibSecond: 0.0000133334,
  lambdaCall: 0.2 / 1_000_000,
  sqsRequest: 0.4 / 1_000_000,
} as const;

export interface Cost {
  readonly fargate: number;
  readonly addresses: number;
  readonly s3: number;
  readonly lambda: number;
  readonly sum: number;
}

const TASK_GIB = 0.5;

/** Of an hour that was recorded, all included but storage. Hosts cost what they stand, full or not. */
export function costOfHour(
  { hours, writes, reads, parts, starts }: Simulated,
  { fleet, times }: Scenario,
): Cost {
  const recorded = hours.hosted + hours.dedicated;
  if (recorded === 0) return { fargate: 0, addresses: 0, s3: 0, lambda: 0, sum: 0 };
  const { vcpuHour, gibHour } = PRICES;
  const host = fleet.hostVcpus * vcpuHour + (fleet.hostMemoryMb / 1024) * gibHour;
  const task = fleet.taskVcpus * vcpuHour + TASK_GIB * gibHour;
  const fargate = (hours.hosts * host + hours.dedicated * task) / recorded;
  const addresses = ((hours.hosts + hours.dedicated) * PRICES.publicAddressHour) / recorded;
  const s3 = (writes * PRICES.s3Write + reads * PRICES.s3Read) / recorded;
  const gibSeconds =
    (parts.moved * times.moveMs * gibOf('relocate') +
      starts.asked * (times.apiMs * gibOf('recordings') + times.launchMs * gibOf('launch'))) /
    1000;
  const calls = parts.moved + 2 * starts.asked;
  // A message is sent, received and deleted.
  const lambda =
    (gibSeconds * PRICES.lambdaGibSecond + calls * (PRICES.lambdaCall + 3 * PRICES.sqsRequest)) / recorded;
  return { fargate, addresses, s3, lambda, sum: fargate + addresses + s3 + lambda };
}

const gibOf = (name: keyof typeof FUNCTIONS): number => FUNCTIONS[name].memoryMb / 1024;
