import { mkdirSync, type StatsFs, statfsSync } from 'node:fs';
import type { SharedDisk } from '../upload/spool.ts';

/** Of the disk: the shares that nobody takes from anybody, all together; the rest but a tenth is for whoever comes first. */
const SHARED = 0.45;
const FULL_FROM = 0.45;

type Blocks = Pick<StatsFs, 'blocks' | 'bfree' | 'bavail'>;

/** As `df` has it: what is kept for others, root above all, is neither used nor to be had. */
const usableBlocks = ({ blocks, bfree, bavail }: Blocks): number => blocks - bfree + bavail;

/** How full a disk is, from 0 to 1. */
export const usedShare = (disk: Blocks): number => (disk.blocks - disk.bfree) / usableBlocks(disk);

/** The disk of a host's spool, for each of as many recordings as the host may carry. */
export function diskOfHost(folder: string, maxRecordings: number): SharedDisk {
  mkdirSync(folder, { recursive: true });
  const disk = statfsSync(folder);
  return {
    shareBytes: Math.floor((SHARED * usableBlocks(disk) * disk.bsize) / maxRecordings),
    hasMore: () => usedShare(statfsSync(folder)) < FULL_FROM,
  };
}
