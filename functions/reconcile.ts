import { setUpAftermath } from './aws/aftermathSetup.ts';
import { logger } from './aws/logger.ts';
import { once } from './aws/once.ts';
import { Reconciliation } from './aws/reconciliation.ts';
import { setUpRelocation } from './aws/relocation/setup.ts';

const setup = once(() => {
  const parts = setUpAftermath();
  const { s3, store, bus, ports } = parts;
  const relocation = setUpRelocation({ s3, store, bus, clock: ports.clock });
  return new Reconciliation({
    ...parts,
    clock: ports.clock,
    stopTasks: ports.stopTasks,
    relocate: (key, log) => relocation.relocate(key, log),
  });
});

/** On a schedule: mends what events that were lost and functions that crashed have left behind, and says what. */
export const handler = async (): Promise<void> => {
  const mended = await setup().run(logger);
  const kinds = Object.entries(mended);
  logger.info('reconciled', {
    mended,
    // CloudWatch reads metrics out of the log line (embedded metric format).
    _aws: {
      Timestamp: Date.now(),
      CloudWatchMetrics: [
        {
          Namespace: 'StreamRecorder',
          Dimensions: [['function']],
          Metrics: kinds.map(([name]) => ({ Name: `reconcile.${name}`, Unit: 'Count' })),
        },
      ],
    },
    function: 'reconcile',
    ...Object.fromEntries(kinds.map(([name, count]) => [`reconcile.${name}`, count])),
  });
};
