import { mkdirSync, statfsSync } from 'node:fs';
import type { SharedDisk } from '../upload/spool.ts';

/** Of the disk: the shares that nobody takes from anybody, all together; the rest but a tenth is for whoever comes first. */
const SHARED = 0.45;
const FULL_FROM = 0.45;

/** The disk of a host's spool, for each of as many recordings as the host may carry. */
export function diskOfHost(folder: string, maxRecordings: number): SharedDisk {
  mkdirSync(folder, { recursive: true });
  const { blocks, bsize } = statfsSync(folder);
  return {
    shareBytes: Math.floor((SHARED * blocks * bsize) / maxRecordings),
    hasMore: () => {
      const disk = statfsSync(folder);
      return 1 - disk.bavail / disk.blocks < FULL_FROM;
    },
  };
}
