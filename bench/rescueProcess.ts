import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { Logger } from '@aws-lambda-powertools/logger';
import { StateStore } from '../functions/aws/stateStore.ts';
import { removeSettled } from '../functions/mending/journalRemoval.ts';
import { type AbandonedPart, Rescue } from '../functions/mending/rescue.ts';
import { rescuerS3Client } from '../functions/mending/s3Client.ts';
import type { SecureEndpoint } from './recorder/place.ts';

/** The parts of a dead worker, and the bucket that they are in. */
export interface RescueTask {
  readonly bucket: string;
  readonly parts: readonly AbandonedPart[];
  /** Of each when it has been rescued. */
  readonly partBytes: number;
}

export interface Spent {
  readonly ms: number;
  readonly cpuMs: number;
  /** The most that was resident so far. */
  readonly peakMb: number;
}

/** Rescues what it is sent, with what the function that settles rescues by, and says what that took. */
const { url, certificateFile, ...config } = JSON.parse(process.env.ENDPOINT ?? '') as SecureEndpoint;
const httpsAgent = new Agent({ keepAlive: true, ca: readFileSync(certificateFile) });
const s3 = rescuerS3Client({ ...config, endpoint: url, requestHandler: { httpsAgent } });
const log = new Logger({ logLevel: 'SILENT' });

process.on('message', (task: RescueTask) => void rescued(task).then((spent) => process.send?.(spent)));
// Whoever measures is gone, or done.
process.once('disconnect', () => process.exit());

async function rescued({ bucket, parts, partBytes }: RescueTask): Promise<Spent> {
  const store = new StateStore(s3, bucket);
  const rescuer = new Rescue({ s3, store, clock: { nowMs: Date.now } });
  const [startedAt, cpu] = [performance.now(), process.cpuUsage()];
  const journals = rescuer.journals(true);
  const finals = await Promise.all(parts.map((part) => rescuer.rescue(part, log, journals)));
  // Nobody watches any more what was written.
  await removeSettled({ s3, store }, journals, Number.POSITIVE_INFINITY, log);
  const { user, system } = process.cpuUsage(cpu);
  const ms = performance.now() - startedAt;
  if (finals.some((final) => final?.bytes !== partBytes)) throw new Error('not all was rescued');
  return { ms, cpuMs: (user + system) / 1_000, peakMb: peakMb() };
}

function peakMb(): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1_024;
}
