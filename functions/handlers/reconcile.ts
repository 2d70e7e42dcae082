import { SQSClient } from '@aws-sdk/client-sqs';
import type { Context } from 'aws-lambda';
import { readEnv } from '../aws/env.ts';
import { logger } from '../aws/logger.ts';
import { once } from '../aws/once.ts';
import { MessageQueue } from '../aws/queues.ts';
import { setUpClipMaking } from '../clips/setup.ts';
import type { Reconciled } from '../core/api/status.ts';
import { embeddedMetrics } from '../core/metrics/embeddedMetrics.ts';
import { RECONCILED_KEY } from '../core/state/keys.ts';
import { Reconciliation } from '../mending/reconciliation.ts';
import { setUpAftermath } from '../mending/setup.ts';
import { setUpRelocation } from '../relocation/setup.ts';

const setup = once(() => {
  const parts = setUpAftermath();
  const { bus, ports } = parts;
  const env = readEnv(['HOSTS_SERVICE', 'CLIPS_QUEUE_URL']);
  const relocation = setUpRelocation({ bus, clock: ports.clock });
  const { making } = setUpClipMaking();
  const reconciliation = new Reconciliation({
    ...parts,
    clock: ports.clock,
    hostsService: env.HOSTS_SERVICE,
    clipsQueue: new MessageQueue(new SQSClient(), env.CLIPS_QUEUE_URL),
    stopTasks: ports.stopTasks,
    makeClip: (place, log, hasTime) => making.make(place, log, hasTime),
    relocate: (key, log) => relocation.relocate(key, log),
  });
  return { reconciliation, store: ports.store };
});

/** What has begun is brought to its end: a rescue, a move. */
const RESERVED_MS = 60_000;

/** On a schedule: mends what events that were lost and functions that crashed have left behind, and says what. */
export const handler = async (
  _event: unknown,
  context: Pick<Context, 'getRemainingTimeInMillis'>,
): Promise<void> => {
  const { reconciliation, store } = setup();
  const mended = await reconciliation.run(logger, () => context.getRemainingTimeInMillis() > RESERVED_MS);
  const reconciled: Reconciled = { atMs: Date.now(), mended: { ...mended } };
  await store.overwrite(RECONCILED_KEY, reconciled);
  const counts = Object.entries(mended).map(([kind, value]) => [
    `reconcile.${kind}`,
    { value, unit: 'Count' },
  ]);
  logger.info('reconciled', embeddedMetrics('reconcile', Date.now(), Object.fromEntries(counts)));
};
