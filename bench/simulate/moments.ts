import type { Runtime } from '../../infra/local/runtime.ts';
import { type CpuByKind, cpuByKind } from './processTree.ts';

export interface Moments {
  /** When each recording opened its first part, which is when it has its first frame. */
  readonly firstFrames: ReadonlyMap<string, number>;
  /** Those that some host carries. */
  readonly hosted: ReadonlySet<string>;
  /** What had been used when the last one was claimed. */
  lastClaim: CpuByKind | undefined;
}

/** What a runtime does and when, seen by what is written into S3. */
export function watchMoments({ faults }: Runtime): Moments {
  const firstFrames = new Map<string, number>();
  const hosted = new Set<string>();
  const moments: Moments = { firstFrames, hosted, lastClaim: undefined };
  const hit = faults.s3.hit.bind(faults.s3);
  faults.s3.hit = (call) => {
    if (call.operation === 'PutObject') see(call.target);
    return hit(call);
  };
  return moments;

  function see(key: string): void {
    const [, carried] = /state\/hosts\/[^/]+\/carries\/(.+?)(?:-\d+)?(?:\.json)?$/.exec(key) ?? [];
    if (carried !== undefined) hosted.add(carried);
    const [, recordingId, what] = /state\/recordings\/([^/]+)\/(.+)$/.exec(key) ?? [];
    if (recordingId === undefined) return;
    if (what === 'attempts/1/claim.json') moments.lastClaim = cpuByKind();
    if (what === 'parts/1/open.json' && !firstFrames.has(recordingId))
      firstFrames.set(recordingId, performance.now());
  }
}
