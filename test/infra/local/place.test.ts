import { expect, it } from 'vitest';
import { EVENT_SOURCE, EVENT_TYPES, type EventType } from '../../../functions/core/events/published.ts';
import { roomLeftAsk } from '../../../functions/core/rooms/left.ts';
import type { EventBridgeEvent } from '../../../infra/emulators/events/server.ts';
import { ACCOUNT_ID, clipsAsks, REGION } from '../../../infra/local/place.ts';

const event = (type: EventType, more: Readonly<Record<string, unknown>>): EventBridgeEvent => ({
  ...{ version: '0', id: 'e', 'detail-type': type, source: EVENT_SOURCE, account: ACCOUNT_ID },
  ...{ time: '2026-07-01T12:00:00Z', region: REGION, resources: [], detail: { recordingId: 'r', ...more } },
});

it('the end of a recording asks the clips queue for what its settings say', () => {
  for (const type of [EVENT_TYPES.recordingFinished, EVENT_TYPES.recordingFailed]) {
    const both = event(type, { join: true, mergeRoom: true });
    expect(clipsAsks(both)).toEqual([both, roomLeftAsk('r')]);
    expect(clipsAsks(event(type, { mergeRoom: true }))).toEqual([roomLeftAsk('r')]);
    expect(clipsAsks(event(type, {}))).toEqual([]);
  }
  expect(clipsAsks(event(EVENT_TYPES.partFinished, { join: true, mergeRoom: true }))).toEqual([]);
});
