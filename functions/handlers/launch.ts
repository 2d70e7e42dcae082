import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { comeAgainSoon } from '../aws/comeAgain.ts';
import { readEnv } from '../aws/env.ts';
import { addHost } from '../aws/hosts.ts';
import { logger } from '../aws/logger.ts';
import { once } from '../aws/once.ts';
import { taskLauncher } from '../aws/tasks.ts';
import { embeddedMetrics } from '../core/metrics/embeddedMetrics.ts';
import { LAUNCH_METRICS } from '../core/metrics/recordingMetrics.ts';
import { type LaunchAsk, launchAskSchema, NO_HOSTS } from '../core/protocol/asks.ts';
import { HostsRoom } from '../core/protocol/hostsRoom.ts';
import { type LaunchPorts, launchAsked } from '../core/protocol/launchAsked.ts';
import { HOSTS_PREFIX, launchKey } from '../core/state/keys.ts';
import { setUpAftermath } from '../mending/setup.ts';

const setup = once(() => {
  const { aftermath, ecs, cluster, store, ports, launchQueue } = setUpAftermath();
  const env = readEnv([
    'LANDING_BUCKET',
    'TASK_DEFINITION',
    'CONTAINER_NAME',
    'SUBNET_IDS',
    'SECURITY_GROUP_IDS',
    'ASSIGN_PUBLIC_IP',
    'CAPACITY_PROVIDERS',
    'HOSTS_SERVICE',
    'HOSTS_MAX',
  ]);
  const hosts = { cluster, service: env.HOSTS_SERVICE, max: env.HOSTS_MAX };
  const room = new HostsRoom({
    store,
    clock: ports.clock,
    hostIds: () => store.listFolders(HOSTS_PREFIX),
    random: Math.random,
  });
  const settle = async (
    { recordingId, attempt }: LaunchAsk,
    gone: { readonly reason: string; readonly isFinal?: boolean },
  ): Promise<void> => {
    const log = logger.createChild();
    log.appendKeys({ recordingId, attempt });
    const endedAtMs = Date.now();
    await aftermath.of({ recordingId, attempt, by: 'launch', endedAtMs, unclaimedOnly: true, ...gone }, log);
  };
  const launchPorts = {
    store,
    clock: ports.clock,
    random: Math.random,
    tasks: taskLauncher(ecs, {
      cluster,
      taskDefinition: env.TASK_DEFINITION,
      containerName: env.CONTAINER_NAME,
      subnets: env.SUBNET_IDS,
      securityGroups: env.SECURITY_GROUP_IDS,
      assignPublicIp: env.ASSIGN_PUBLIC_IP,
      capacityProviders: env.CAPACITY_PROVIDERS,
      landingBucket: env.LANDING_BUCKET,
    }),
    haveHostsRoom: async () => {
      try {
        return await room.isAny();
      } catch (error) {
        logger.warn('whether hosts have room is not known', error as Error);
        return false;
      }
    },
    moreHosts: async () => {
      try {
        if (hosts.service !== NO_HOSTS && (await addHost(ecs, hosts)))
          logger.info('hosts had no room: one more was asked for');
      } catch (error) {
        logger.warn('one more host could not be asked for', error as Error);
      }
    },
    note: (recordingId, launch) => store.overwrite(launchKey(recordingId, launch.attempt), launch),
    again: (ask, delayMs) => launchQueue.send(ask, delayMs),
    giveUp: (ask, reason) => settle(ask, { reason, isFinal: true }),
    ended: (ask) => settle(ask, { reason: 'nobody waits for it any more' }),
  } satisfies LaunchPorts;
  return { ports: launchPorts, queue: launchQueue };
});
/** The recording waits for it. */
const AGAIN_SECONDS = [1, 5, 20];

/** The launch queue: gets recorders for attempts that nobody has claimed. What fails comes again. */
export const handler = async (event: SQSEvent, context: Context): Promise<SQSBatchResponse> => {
  const processor = new BatchProcessor(EventType.SQS);
  return processPartialResponse(event, launchMessage, processor, { context, throwOnFullBatchFailure: false });
};

async function launchMessage(message: SQSRecord): Promise<void> {
  const log = logger.createChild();
  try {
    const ask = launchAskSchema.parse(JSON.parse(message.body));
    const { recordingId, attempt, tries } = ask;
    log.appendKeys({ recordingId, attempt });
    const launch = await launchAsked(setup().ports, ask);
    const metrics = { [LAUNCH_METRICS[launch]]: { value: 1, unit: 'Count' } } as const;
    log.info('recorder asked for', { launch, tries, ...embeddedMetrics('launch', Date.now(), metrics) });
  } catch (error) {
    log.error('no recorder could be asked for; the message comes again', error as Error);
    await comeAgainSoon(setup().queue, message, AGAIN_SECONDS, log);
    throw error;
  }
}
