/** From one try to the next: within a minute at first, 24 hours in all at least. SQS hides a message for 12 hours at most. */
export const WEBHOOK_RETRY_SECONDS: readonly number[] = [
  ...[5, 30, 120, 600, 1_800, 3_600],
  ...[7_200, 14_400, 21_600, 37_045],
];

/** So many tries, then the message waits in the dead-letter queue. */
export const WEBHOOK_TRIES: number = WEBHOOK_RETRY_SECONDS.length + 1;

/** An endpoint may ask for more time, but not for a day of it. */
const ASKED_MAX_SECONDS = 3_600;

/** So much later at most: what an endpoint missed together does not come back together. */
const JITTER = 0.1;

/**
 * After how long a message is sent again.
 * @param receiveCount of this try, from 1
 * @param random from 0 to 1: another one for each message
 * @param askedSeconds `Retry-After` of the endpoint
 */
export function webhookRetrySeconds(receiveCount: number, random: number, askedSeconds = 0): number {
  const own = WEBHOOK_RETRY_SECONDS[Math.min(receiveCount, WEBHOOK_RETRY_SECONDS.length) - 1] ?? 0;
  const seconds = Math.max(own, Math.min(askedSeconds, ASKED_MAX_SECONDS));
  return Math.ceil(seconds) + Math.floor(seconds * JITTER * random);
}
