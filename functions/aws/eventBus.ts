import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import {
  EVENT_SOURCE,
  type EventDetail,
  type EventType,
  type MOVE_CONTINUES,
} from '../core/events/published.ts';

/** Publishes to one EventBridge bus. Throws when the bus did not take the event. */
export class EventBus {
  readonly #client: EventBridgeClient;
  readonly #busName: string;

  constructor(client: EventBridgeClient, busName: string) {
    this.#client = client;
    this.#busName = busName;
  }

  async publish(type: EventType | typeof MOVE_CONTINUES, detail: EventDetail): Promise<void> {
    const answer = await this.#client.send(
      new PutEventsCommand({
        Entries: [
          {
            EventBusName: this.#busName,
            Source: EVENT_SOURCE,
            DetailType: type,
            Detail: JSON.stringify(detail),
          },
        ],
      }),
    );
    const failed = answer.Entries?.find((entry) => entry.ErrorCode !== undefined);
    if (failed !== undefined) throw new Error(`EventBridge refused "${type}": ${failed.ErrorCode}`);
  }
}
