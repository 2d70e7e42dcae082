import { ACCOUNT_ID, REGION } from './place.ts';
import { type LocalWebhook, webhookName } from './webhookSettings.ts';

/** Of the secret that signs what an endpoint is told. */
export function webhookSecretArn(webhook: LocalWebhook): string {
  return `arn:aws:secretsmanager:${REGION}:${ACCOUNT_ID}:secret:${webhookName(webhook)}`;
}
