import type { Logger } from '@aws-lambda-powertools/logger';
import type { S3Client } from '@aws-sdk/client-s3';
import type { Clock } from '../../functions/core/protocol/ports.ts';

/** Two clocks that are kept right agree better; a header in whole seconds says no more. */
const TOLERATED_MS = 2_000;

/**
 * The time of S3, which all of a deployment share: this machine's own where that agrees with it, as it does where something
 * keeps it right, and the one that S3's answers tell where it does not. What recorders and functions write down is compared
 * elsewhere, in seconds: when an attempt was claimed, when another one was asked for, when a part began.
 */
export class StorageClock implements Clock {
  readonly #log: Pick<Logger, 'warn'>;
  readonly #localMs: () => number;
  #offsetMs = 0;

  /** @param localMs this machine's clock, in epoch milliseconds */
  constructor(log: Pick<Logger, 'warn'>, localMs: () => number = Date.now) {
    this.#log = log;
    this.#localMs = localMs;
  }

  /** Epoch milliseconds. */
  nowMs(): number {
    return this.#localMs() + this.#offsetMs;
  }

  /** Listens to every answer that a client gets. @returns the client */
  listen(client: S3Client): S3Client {
    const handler = client.config.requestHandler;
    const handle = handler.handle.bind(handler);
    handler.handle = async (request, options) => {
      const sentAtMs = this.#localMs();
      const answer = await handle(request, options);
      this.heard(answer.response.headers.date, sentAtMs);
      return answer;
    };
    return client;
  }

  /**
   * An answer has come now: its date is of a moment since it was asked for. So a slow answer says less, and nothing wrong.
   * @param date the header: whole seconds, cut off
   */
  heard(date: string | undefined, sentAtMs: number): void {
    const dateMs = Date.parse(date ?? '');
    const [leastMs, mostMs] = [dateMs - this.#localMs(), dateMs + 1_000 - sentAtMs];
    if (Number.isNaN(dateMs) || leastMs > mostMs) return;
    const agrees = this.#offsetMs >= leastMs - TOLERATED_MS && this.#offsetMs <= mostMs + TOLERATED_MS;
    if (agrees) return;
    this.#offsetMs = Math.round((leastMs + mostMs) / 2);
    this.#log.warn("this machine's clock is wrong: S3's time is taken", { wrongByMs: -this.#offsetMs });
  }
}
