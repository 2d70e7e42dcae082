import { EVENT_SOURCE } from '../../functions/core/events/published.ts';
import type { EventBridgeEvent } from '../emulators/events/server.ts';
import { EventSourceMapping } from '../emulators/queue/mapping.ts';
import { WEBHOOK, WEBHOOK_QUEUE } from '../optionalFunctions.ts';
import type { Ground } from './ground.ts';
import { localFunction } from './lambda/functions.ts';
import { ACCOUNT_ID, REGION, sdkEnvironment } from './place.ts';
import type { LocalQueues } from './queues.ts';
import { webhookSecretArn } from './secretArns.ts';
import { rulesOf, webhookName } from './webhookSettings.ts';

/** The construct's rules, queues and functions for endpoints. @returns what is told of each event */
export function startWebhooks(
  { options, roles, onLog, log, closers }: Ground,
  queues: LocalQueues,
  urls: Parameters<typeof sdkEnvironment>[1] & { readonly secretsPort: number },
): (event: EventBridgeEvent) => void {
  const rules = (options.webhooks ?? []).map((webhook) => {
    const queue = queues.webhook(webhookName(webhook));
    const endpoint = localFunction(WEBHOOK, {
      region: REGION,
      accountId: ACCOUNT_ID,
      environment: {
        ...sdkEnvironment(roles.credentials(queue.name), urls),
        PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: String(urls.secretsPort),
        WEBHOOK_URL: webhook.url,
        WEBHOOK_SECRET_ARN: webhookSecretArn(webhook),
        WEBHOOK_QUEUE_URL: queues.server.queueUrl(queue.name),
        WEBHOOK_RULES: JSON.stringify(rulesOf(webhook)),
      },
      onLog: (line) => onLog('webhook', line),
    });
    closers.add(() => endpoint.close());
    if (queue.deadLetters.length > 0) {
      log('WARN', 'events that an endpoint did not take for a day are sent again', {
        count: queue.deadLetters.length,
      });
      queue.redrive();
    }
    const mapping = new EventSourceMapping({ queue, batchSize: WEBHOOK_QUEUE.batchSize });
    closers.add(() => mapping.close());
    mapping.start(async (event) => {
      const invocation = await endpoint.invoke(event);
      if (!invocation.ok) throw new Error(`${invocation.errorType}: ${invocation.errorMessage}`);
      return invocation.payload;
    });
    return { queue, events: webhook.events };
  });
  return (event) => {
    if (event.source !== EVENT_SOURCE) return;
    for (const { queue, events } of rules) {
      if (events === undefined || events.some((type) => type === event['detail-type']))
        queue.send(JSON.stringify(event));
    }
  };
}
