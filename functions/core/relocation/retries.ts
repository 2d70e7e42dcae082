/**
 * How long a message whose record could not be moved is hidden, by how often it has been handed out. Without it the queue's
 * own visibility time-out would be waited for, which is six times the function's.
 * @param receiveCount from 1
 * @param stepsSeconds the last one is for all later tries too
 */
export function retryAfterSeconds(receiveCount: number, stepsSeconds: readonly number[]): number {
  return stepsSeconds[Math.min(receiveCount, stepsSeconds.length) - 1] ?? 0;
}
