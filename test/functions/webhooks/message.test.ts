import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { EVENT_TYPES } from '../../../functions/core/events/published.ts';
import {
  WEBHOOK_RETRY_SECONDS,
  WEBHOOK_TRIES,
  webhookRetrySeconds,
} from '../../../functions/core/webhooks/retries.ts';
import { webhookMessage, webhookType } from '../../../functions/webhooks/message.ts';

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const previous = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
const event = {
  'detail-type': EVENT_TYPES.recordAvailable,
  time: '2026-07-01T12:00:00Z',
  detail: { id: 'R/record-available/1', recordingId: 'R', mediaSessionId: 'm', streamName: 'ä.b' },
};

describe('what an endpoint is told', () => {
  it('has the form of the specification, and names the event’s own id', () => {
    const now = new Date();
    const { headers, body } = webhookMessage(event, { secret }, now);
    expect(JSON.parse(body)).toEqual({
      type: 'record.available',
      timestamp: '2026-07-01T12:00:00Z',
      data: event.detail,
    });
    expect(headers['webhook-id']).toBe('R/record-available/1');
    // As the specification says, without its library.
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
    const signature = createHmac('sha256', Buffer.alloc(32, 7)).update(signed).digest('base64');
    expect(headers['webhook-signature']).toBe(`v1,${signature}`);
  });

  it('is signed by both secrets while one is changed, and by no other', () => {
    const { headers, body } = webhookMessage(event, { secret, previous }, new Date());
    for (const one of [secret, previous]) new Webhook(one).verify(body, { ...headers });
    const other = new Webhook(`whsec_${Buffer.alloc(32, 1).toString('base64')}`);
    expect(() => other.verify(body, { ...headers })).toThrow();
    expect(() => new Webhook(secret).verify(`${body} `, { ...headers })).toThrow();
  });

  it('has a type for each event', () => {
    expect(Object.values(EVENT_TYPES).map(webhookType)).toEqual([
      'recording.started',
      'recording.part.finished',
      'record.available',
      'recording.finished',
      'recording.failed',
      'clip.available',
      'clip.failed',
      'room.merged',
      'room.merge.failed',
    ]);
  });
});

it('is tried for a day, later each time, and never hidden longer than SQS can', () => {
  expect(WEBHOOK_RETRY_SECONDS.reduce((sum, seconds) => sum + seconds, 0)).toBe(86_400);
  expect(WEBHOOK_RETRY_SECONDS).toEqual([...WEBHOOK_RETRY_SECONDS].sort((a, b) => a - b));
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: WEBHOOK_TRIES }),
      fc.nat({ max: 1_000_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (tries, asked, random) => {
        const seconds = webhookRetrySeconds(tries, random, asked);
        expect(seconds).toBeGreaterThanOrEqual(webhookRetrySeconds(tries, random));
        expect(seconds).toBeGreaterThanOrEqual(Math.min(asked, 3_600));
        expect(seconds).toBeGreaterThanOrEqual(webhookRetrySeconds(tries, 0, asked));
        expect(seconds).toBeLessThanOrEqual(43_200);
      },
    ),
  );
});

it('does not come back all at once from an outage of its endpoint', () => {
  const after = [0, 0.25, 0.5, 0.75, 1].map((random) => webhookRetrySeconds(6, random));
  expect(after).toEqual([3_600, 3_690, 3_780, 3_870, 3_960]);
});
