import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { readEnv } from '../aws/env.ts';
import { type HttpAnswer, httpRouter } from '../aws/http.ts';
import { once } from '../aws/once.ts';
import { queueCounts } from '../aws/queues.ts';
import { StateStore } from '../aws/stateStore.ts';
import type { RouteKeyOf } from '../core/api/routes.ts';
import { reconciledSchema, statusView } from '../core/api/status.ts';
import { hostStatusSchema } from '../core/state/hostObjects.ts';
import { ACTIVE_PREFIX, HOSTS_PREFIX, RECONCILED_KEY } from '../core/state/keys.ts';
import { readAll } from '../recordings/registry.ts';

const setup = once(() => {
  const env = readEnv(['LANDING_BUCKET', 'WATCHED_QUEUES']);
  return {
    store: new StateStore(new S3Client(), env.LANDING_BUCKET),
    sqs: new SQSClient(),
    queues: env.WATCHED_QUEUES,
  };
});

/** How the deployment is: what goes on, hosts, queues, and what reconcile mended. */
export const handler = httpRouter<RouteKeyOf<'status'>>({ 'GET /status': { body: 'none', run: show } });

/** → 200: bounded reads, however much is recorded. */
async function show(): Promise<HttpAnswer> {
  const { store, sqs, queues } = setup();
  const [active, hostKeys, counts, reconciled] = await Promise.all([
    store.listPage(ACTIVE_PREFIX, {}),
    store.list(HOSTS_PREFIX),
    Promise.all(queues.map(async ({ name, url }) => ({ name, ...(await queueCounts(sqs, url)) }))),
    store.read(RECONCILED_KEY, reconciledSchema),
  ]);
  const hosts = await readAll(
    store,
    hostKeys.filter((key) => key.endsWith('/status.json')),
    hostStatusSchema,
  );
  const facts = {
    nowMs: Date.now(),
    active: { count: active.entries.length, isMore: active.hasMore },
    hosts,
    queues: counts,
    reconciled: reconciled?.value,
  };
  return { status: 200, body: statusView(facts) };
}
