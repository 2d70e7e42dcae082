/** Of each size of CPU: the smallest memory, the largest, and the step between them, in MiB ("Task CPU and memory", ECS). */
const MEMORY_MB: ReadonlyMap<number, readonly [min: number, max: number, step: number]> = new Map([
  [256, [512, 2_048, 512]],
  [512, [1_024, 4_096, 1_024]],
  [1_024, [2_048, 8_192, 1_024]],
  [2_048, [4_096, 16_384, 1_024]],
  [4_096, [8_192, 30_720, 1_024]],
  [8_192, [16_384, 61_440, 4_096]],
  [16_384, [32_768, 122_880, 8_192]],
]);
/** 256 CPU units have no 1.5 GiB. */
const MISSING = { cpuUnits: 256, memoryMb: 1_536 };

/**
 * @param owner what the two properties belong to: `hosts.`, `merge.`, or nothing
 * @throws Error naming the property, for a size that Fargate does not have
 */
export function checkFargateSize(owner: 'hosts.' | 'merge.' | '', cpuUnits: number, memoryMb: number): void {
  const memory = MEMORY_MB.get(cpuUnits);
  if (memory === undefined) {
    throw new Error(
      `${owner}cpuUnits: Fargate has ${[...MEMORY_MB.keys()].join(', ')}, such as 1024 for one vCPU, and it is ${cpuUnits}`,
    );
  }
  const [min, max, step] = memory;
  const isMissing = cpuUnits === MISSING.cpuUnits && memoryMb === MISSING.memoryMb;
  if (memoryMb >= min && memoryMb <= max && (memoryMb - min) % step === 0 && !isMissing) return;
  const sizes = cpuUnits === MISSING.cpuUnits ? '512, 1024 or 2048' : `${min} to ${max}, in steps of ${step}`;
  throw new Error(
    `${owner}memoryMb: for ${cpuUnits} CPU units Fargate has ${sizes} MiB, such as ${min}, and it is ${memoryMb}`,
  );
}
