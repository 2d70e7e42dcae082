import { Webhook } from 'standardwebhooks';
import * as z from 'zod/mini';
import { EVENT_TYPES, type EventDetails, type EventType } from '../core/events/published.ts';
import { webhookType } from './message.ts';

export { WebhookVerificationError } from 'standardwebhooks';
export type * from '../core/events/published.ts';

/** `Record Available` → `record.available`. */
type DottedType<T extends string> = T extends `${infer First} ${infer Rest}`
  ? `${Lowercase<First>}.${DottedType<Rest>}`
  : Lowercase<T>;

/** What an endpoint is told: `type` says which fields `data` has (docs/events.md). */
export type WebhookEvent = {
  readonly [T in EventType]: {
    readonly type: DottedType<T>;
    /** When it happened, ISO 8601. */
    readonly timestamp: string;
    readonly data: EventDetails[T];
  };
}[EventType];

/** Headers of Fetch, of Node's `http`, or of API Gateway. */
export type ReceivedHeaders = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

const KNOWN: ReadonlySet<string> = new Set(Object.values(EVENT_TYPES).map(webhookType));
const envelopeSchema = z.object({ type: z.string(), timestamp: z.string(), data: z.looseObject({}) });

/**
 * What was received, if this deployment has sent it. It may come again: `data.id` is the same then.
 * @param secret `whsec_…`; while it is changed, the new one
 * @param body as it came, not parsed: a byte that differs is another signature
 * @returns undefined for a type of event that this version does not know: answer 2xx, and do nothing
 * @throws WebhookVerificationError for what is not signed with the secret, or was signed more than five minutes ago
 */
export function receiveWebhook(
  secret: string,
  headers: ReceivedHeaders,
  body: string | Buffer,
): WebhookEvent | undefined {
  const entries = headers instanceof Headers ? [...headers] : Object.entries(headers);
  const plain = Object.fromEntries(
    entries.flatMap(([name, value]) => (typeof value === 'string' ? [[name.toLowerCase(), value]] : [])),
  );
  const event = envelopeSchema.parse(new Webhook(secret).verify(body, plain));
  return KNOWN.has(event.type) ? (event as unknown as WebhookEvent) : undefined;
}
