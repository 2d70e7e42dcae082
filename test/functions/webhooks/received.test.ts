import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EVENT_TYPES } from '../../../functions/core/events/published.ts';
import { webhookMessage } from '../../../functions/webhooks/message.ts';
import {
  receiveWebhook,
  type WebhookEvent,
  WebhookVerificationError,
} from '../../../functions/webhooks/received.ts';

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const other = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
const detail = { id: 'R/x/1', recordingId: 'R', mediaSessionId: 'm', streamName: 'ä.b', key: 'a/b.mp4' };

function sent(type: string, now = new Date()) {
  const event = { 'detail-type': type as 'Record Available', time: '2026-07-01T12:00:00Z', detail };
  return webhookMessage(event, { secret }, now);
}

describe('what an endpoint receives', () => {
  it.each(Object.values(EVENT_TYPES))('is known by its type: %s', (type) => {
    const { headers, body } = sent(type);
    expect(receiveWebhook(secret, headers, body)).toEqual({
      type: type.toLowerCase().replaceAll(' ', '.'),
      timestamp: '2026-07-01T12:00:00Z',
      data: detail,
    });
  });

  it('has the fields of its type', () => {
    const { headers, body } = sent(EVENT_TYPES.recordAvailable);
    const event: WebhookEvent | undefined = receiveWebhook(secret, headers, body);
    // This line would not compile if `type` did not say which fields there are.
    const key = event?.type === 'record.available' ? event.data.key : undefined;
    expect(key).toBe('a/b.mp4');
  });

  it('may come with headers of any framework, and as bytes', () => {
    const { headers, body } = sent(EVENT_TYPES.recordAvailable);
    const upper = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]),
    );
    for (const one of [new Headers(headers), upper, { ...headers, accept: undefined, cookie: ['a', 'b'] }]) {
      expect(receiveWebhook(secret, one, Buffer.from(body))?.data).toEqual(detail);
    }
  });

  it('is nothing to do where its type is not known yet', () => {
    const { headers, body } = sent('Recording Renamed');
    expect(receiveWebhook(secret, headers, body)).toBeUndefined();
  });

  it('is refused with another secret, another time or another byte', () => {
    const { headers, body } = sent(EVENT_TYPES.recordAvailable);
    const old = sent(EVENT_TYPES.recordAvailable, new Date(Date.now() - 6 * 60_000));
    expect(() => receiveWebhook(other, headers, body)).toThrow(WebhookVerificationError);
    expect(() => receiveWebhook(secret, old.headers, old.body)).toThrow(WebhookVerificationError);
    expect(() => receiveWebhook(secret, {}, body)).toThrow(WebhookVerificationError);
    fc.assert(
      fc.property(fc.nat(body.length - 1), fc.string({ minLength: 1, maxLength: 3 }), (at, text) => {
        const changed = body.slice(0, at) + text + body.slice(at + text.length);
        fc.pre(changed !== body);
        expect(() => receiveWebhook(secret, headers, changed)).toThrow(WebhookVerificationError);
      }),
    );
  });
});
