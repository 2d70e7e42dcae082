import { expect, it } from 'vitest';
import { usedShare } from '../../../container/host/sharedDisk.ts';

it('a disk is as full as what can be had of it: what is kept for others is not used', () => {
  expect(usedShare({ blocks: 100, bfree: 100, bavail: 100 })).toBe(0);
  expect(usedShare({ blocks: 100, bfree: 50, bavail: 50 })).toBe(0.5);
  // 60 of 100 blocks are kept for root, or by a quota.
  expect(usedShare({ blocks: 100, bfree: 80, bavail: 20 })).toBe(0.5);
  expect(usedShare({ blocks: 100, bfree: 60, bavail: 0 })).toBe(1);
});
