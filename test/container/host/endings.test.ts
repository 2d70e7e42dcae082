import { Logger } from '@aws-lambda-powertools/logger';
import { describe, expect, it } from 'vitest';
import { type Dead, Endings } from '../../../container/host/endings.ts';
import type { HostState } from '../../../container/host/hostState.ts';
import { settleAsksSchema } from '../../../functions/core/protocol/asks.ts';

const MINUTE_MS = 60_000;

const dead = (recordingId: string, attempt: number, carriedMs: number): Dead => ({
  carried: { recordingId, attempt, runId: `run of ${recordingId}` },
  progress: undefined,
  carriedMs,
});

/** What is done for recordings whose worker died, in order. */
async function done(
  left: readonly Dead[],
  goOn: (recordingId: string) => void = () => undefined,
  saved: (steps: string[]) => Promise<void> = async () => undefined,
) {
  const steps: string[] = [];
  const endings = new Endings({
    hostId: 'host-1',
    clock: { nowMs: Date.now },
    log: new Logger({ logLevel: 'SILENT' }),
    state: {
      keepProgress: async ({ recordingId }) => void steps.push(`kept ${recordingId}`),
      drop: async ({ recordingId }) => void steps.push(`forgotten ${recordingId}`),
    } satisfies Partial<HostState> as unknown as HostState,
    goOn: async ({ recordingId, attempt }) => {
      steps.push(`asked for what follows ${recordingId} ${attempt}`);
      goOn(recordingId);
    },
    settle: async (message) => {
      const { asks } = settleAsksSchema.parse(message);
      steps.push(`settled ${asks.map(({ recordingId }) => recordingId).join(', ')}`);
    },
  });
  endings.died(left, 'its worker ended: SIGKILL', saved(steps));
  await endings.told();
  return steps;
}

describe('recordings whose worker died', () => {
  it('are asked for at once where they cannot have killed it, and all are settled before they are forgotten', async () => {
    const left = [
      dead('old', 1, MINUTE_MS),
      dead('young', 1, MINUTE_MS - 1),
      dead('again', 2, 10 * MINUTE_MS),
    ];
    expect(await done(left)).toEqual([
      ...['kept old', 'kept young', 'kept again'],
      'asked for what follows old 1',
      'settled old, young, again',
      ...['forgotten old', 'forgotten young', 'forgotten again'],
    ]);
  });

  it('are settled when what they left on the disk is in S3, and wait for that with nothing else', async () => {
    const steps = await done([dead('old', 1, MINUTE_MS)], undefined, async (before) => {
      await expect.poll(() => before).toContain('asked for what follows old 1');
      before.push('saved');
    });
    expect(steps.slice(1)).toEqual(['asked for what follows old 1', 'saved', 'settled old', 'forgotten old']);
  });

  it('are settled where nobody could be asked: whoever settles them asks', async () => {
    const steps = await done([dead('one', 1, MINUTE_MS), dead('two', 1, MINUTE_MS)], (recordingId) => {
      if (recordingId === 'one') throw new Error('SQS is away');
    });
    expect(steps).toContain('asked for what follows two 1');
    expect(steps).toContain('settled one, two');
  });
});
