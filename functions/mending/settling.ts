import type { Logger } from '@aws-lambda-powertools/logger';
import { readEnv } from '../aws/env.ts';
import { MessageQueue } from '../aws/queues.ts';
import type { StateStore } from '../aws/stateStore.ts';
import type { HostGoneAsk, SettleAsk } from '../core/protocol/asks.ts';
import type { Launcher } from '../core/protocol/ports.ts';
import { attemptKey } from '../core/state/keys.ts';
import { claimSchema } from '../core/state/objects.ts';
import type { Aftermath } from './aftermath.ts';
import { settleGoneHost } from './goneHost.ts';
import type { Journals } from './journals.ts';
import { setUpAftermath } from './setup.ts';

export interface SettlingOptions {
  readonly store: StateStore;
  readonly aftermath: Aftermath;
  readonly settleQueue: Pick<MessageQueue, 'send'>;
  /** Asks hosts first. */
  readonly tasks: Launcher;
}

/** Settles attempts that ended inside a host, or with it. */
export class Settling {
  readonly #options: SettlingOptions;

  constructor(options: SettlingOptions) {
    this.#options = options;
  }

  /**
   * Attempts that ended with their process: side by side, and what it wrote is read once for all of them.
   * @throws the fault of one that could not be settled, after the others were
   */
  async settleTogether(asks: readonly SettleAsk[], log: Logger): Promise<void> {
    const { aftermath } = this.#options;
    const journals = aftermath.sharedJournals();
    const settled = await Promise.allSettled(
      asks.map((ask) => {
        const own = log.createChild();
        own.appendKeys({ recordingId: ask.recordingId, attempt: ask.attempt });
        return this.settle(ask, own, journals);
      }),
    );
    await aftermath.removeJournals(journals, log);
    const faults = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason as Error] : []));
    if (faults.length > 0)
      throw new AggregateError(faults, `${faults.length} of ${asks.length} attempts were not settled`);
  }

  /** All that a host carried, each worker's by a message of its own: they are settled side by side. */
  async settleHost({ hostId, reason, by, endedAtMs }: HostGoneAsk, log: Logger): Promise<void> {
    log.appendKeys({ hostId });
    const recordings = await settleGoneHost(this.#options, { hostId, reason, by, endedAtMs, mayLive: true });
    log.warn('a host is gone', { reason, by, recordings });
  }

  /** @param journals of attempts that are settled beside it */
  async settle(ask: SettleAsk, log: Logger, journals?: Journals): Promise<void> {
    const { store, aftermath } = this.#options;
    const { recordingId, attempt, runId } = ask;
    const claim = await store.read(attemptKey(recordingId, attempt, 'claim'), claimSchema);
    // One that was never claimed is asked for again by its message; and what another run does is not this one's.
    if (claim?.value.runId !== runId) {
      log.info('left alone: another run has this attempt, or none');
      return;
    }
    await aftermath.of(ask, log, journals);
  }
}

/** From the function's environment. */
export function setUpSettling(): { readonly settling: Settling; readonly queue: MessageQueue } {
  const { SETTLE_QUEUE_URL } = readEnv(['SETTLE_QUEUE_URL']);
  const { store, ports, aftermath, sqs } = setUpAftermath();
  const queue = new MessageQueue(sqs, SETTLE_QUEUE_URL);
  return {
    settling: new Settling({ store, aftermath, settleQueue: queue, tasks: ports.tasks }),
    queue,
  };
}
