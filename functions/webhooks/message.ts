import { Webhook } from 'standardwebhooks';
import * as z from 'zod/mini';
import { EVENT_TYPES, type EventType } from '../core/events/published.ts';
import type { WebhookSecret } from '../core/webhooks/settings.ts';

/** An event of EventBridge, as far as an endpoint is told of it. */
export const publishedEventSchema = z.object({
  'detail-type': z.enum(Object.values(EVENT_TYPES) as [EventType, ...EventType[]]),
  time: z.iso.datetime(),
  detail: z.looseObject({ id: z.string(), recordingId: z.string(), mediaSessionId: z.string() }),
});
export type PublishedEvent = z.infer<typeof publishedEventSchema>;

export interface WebhookMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** `Record Available` → `record.available`: the specification parts a type's words by full stops. */
export function webhookType(type: EventType): string {
  return type.toLowerCase().replaceAll(' ', '.');
}

/**
 * An event as the Standard Webhooks specification sends it: `{type, timestamp, data}`, signed. The id is the event's own,
 * so that whoever gets it twice can tell; the time that is signed is that of the try.
 */
export function webhookMessage(event: PublishedEvent, secret: WebhookSecret, now: Date): WebhookMessage {
  const { id } = event.detail;
  const body = JSON.stringify({
    type: webhookType(event['detail-type']),
    timestamp: event.time,
    data: event.detail,
  });
  const secrets = [secret.secret, ...(secret.previous === undefined ? [] : [secret.previous])];
  return {
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
      'webhook-signature': secrets.map((one) => new Webhook(one).sign(id, now, body)).join(' '),
    },
    body,
  };
}
