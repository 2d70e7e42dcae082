import { tmpdir } from 'node:os';
import { Logger } from '@aws-lambda-powertools/logger';
import { expect, it } from 'vitest';
import type { HostState } from '../../../container/host/hostState.ts';
import { Protection } from '../../../container/host/protection.ts';
import { Pulse } from '../../../container/host/pulse.ts';
import { Room } from '../../../container/host/room.ts';
import type { HostStatus } from '../../../functions/core/state/hostObjects.ts';

it('says at once that it carries something, and that it carries nothing any more, and then more seldom', async () => {
  const log = new Logger({ logLevel: 'SILENT' });
  const told: number[] = [];
  let recordings = 0;
  const tellStatus = async (status: HostStatus) => void told.push(status.recordings);
  const pulse = new Pulse({
    ...{ hostId: 'h', taskArn: undefined, spoolFolder: tmpdir(), log },
    state: { tellStatus } as unknown as HostState,
    protection: new Protection(undefined, log),
    room: new Room({ cpuUnits: 1024, memoryBytes: 1e9, maxRecordings: 40 }),
    carrying: () => ({ recordings, progress: [] }),
    isEnding: () => false,
    clock: { nowMs: Date.now },
  });
  for (const carried of [0, 0, 2, 2, 0, 0, 0, 1]) {
    recordings = carried;
    await pulse.tell();
  }
  expect(told).toEqual([0, 2, 2, 0, 1]);
});
