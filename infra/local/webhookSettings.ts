import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { checkSource } from '../../functions/core/source/policy.ts';
import { type SourceRules, sourceRulesSchema } from '../../functions/core/source/sourceRules.ts';
import { PUBLIC_HTTPS, webhookSchema, webhookSecretSchema } from '../../functions/core/webhooks/settings.ts';

/** WEBHOOKS: as the construct has them, with their secrets, and with endpoints that are not public where that is said. */
const localWebhookSchema = z.extend(webhookSchema, {
  ...webhookSecretSchema.shape,
  /** Plain HTTP too. */
  http: z._default(z.boolean(), false),
  privateNetworks: z._default(sourceRulesSchema.shape.privateNetworks, []),
});
export type LocalWebhook = z.infer<typeof localWebhookSchema>;

/** @throws what the schema says; RecorderError for an endpoint that may not be reached */
export function readWebhooks(json: string): LocalWebhook[] {
  const webhooks = z.array(localWebhookSchema).parse(JSON.parse(json));
  for (const [index, webhook] of webhooks.entries())
    checkSource(webhook.url, `${index}.url`, rulesOf(webhook));
  return webhooks;
}

/** Where the endpoint may be. */
export function rulesOf({ http, privateNetworks }: LocalWebhook): SourceRules {
  return { ...PUBLIC_HTTPS, schemes: http ? ['https', 'http'] : ['https'], privateNetworks };
}

/** The same for the same endpoint at the next start, which goes on with what was not taken. */
export function webhookName({ url }: Pick<LocalWebhook, 'url'>): string {
  return `webhook-${createHash('sha256').update(url).digest('hex').slice(0, 12)}`;
}
