import * as z from 'zod/mini';
import { EVENT_TYPES, type EventType } from '../events/published.ts';
import type { SourceRules } from '../source/sourceRules.ts';

/** Somebody's endpoint that is told of events. */
export const webhookSchema = z.strictObject({
  url: z.string().check(z.minLength(1), z.maxLength(2_048)),
  /** All of them by default. */
  events: z.exactOptional(
    z.array(z.enum(Object.values(EVENT_TYPES) as [EventType, ...EventType[]])).check(z.minLength(1)),
  ),
});
export type Webhook = z.infer<typeof webhookSchema>;

/** An endpoint on the internet, by TLS: the rules of sources, of which this is the strictest. */
export const PUBLIC_HTTPS: SourceRules = { schemes: ['https'], hosts: [], privateNetworks: [] };

/** The secret of an endpoint as the Standard Webhooks specification writes it; both sign while it is changed. */
export const webhookSecretSchema = z.object({
  secret: z.string().check(z.regex(/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/)),
  previous: z.exactOptional(z.string().check(z.regex(/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/))),
});
export type WebhookSecret = z.infer<typeof webhookSecretSchema>;
