import type { Access } from '../shared/access.ts';
import { operation, serveAwsJson } from '../shared/awsJson.ts';
import { Faults } from '../shared/faults.ts';
import { busName, checkWhole, type EventBridgeEvent, putEventsRequest, toEvent } from './putEvents.ts';

export type { EventBridgeEvent } from './putEvents.ts';

export interface EventsServerOptions {
  /** 0, the default, lets the system pick. */
  readonly port?: number;
  readonly region?: string;
  readonly accountId?: string;
  /** Entries for any other bus fail with InvalidArgument. */
  readonly busNames: readonly string[];
  readonly faults?: Faults;
  /** Who there is, and what each may do; without it everybody may do everything. */
  readonly access?: Access | undefined;
  /**
   * Called for each event, in order, before the call is answered; nothing waits for its promise. What it throws goes to
   * `onDefect`: the bus has taken the event all the same.
   */
  readonly onEvent?: (event: EventBridgeEvent, busName: string) => void | Promise<void>;
  readonly now?: () => Date;
  /** Told of defects: what a callback or the endpoint itself threw. The standard error by default. */
  readonly onDefect?: (error: unknown) => void;
}

export interface EventsServer {
  readonly url: string;
  readonly faults: Faults;
  close(): Promise<void>;
}

/**
 * The embedded EventBridge endpoint: PutEvents over JSON 1.1, nothing else. It keeps no event.
 * A fault rule's `match` is tried on `<source>/<detail-type>` of the first entry.
 */
export async function startEventsServer(options: EventsServerOptions): Promise<EventsServer> {
  const { region = 'us-east-1', accountId = '000000000000', now = () => new Date() } = options;
  const onDefect = options.onDefect ?? ((error) => console.error('EventBridge endpoint:', error));
  const faults = options.faults ?? new Faults();
  const bus = { names: options.busNames, accountId, region };

  async function hand(event: EventBridgeEvent, name: string): Promise<void> {
    try {
      await options.onEvent?.(event, name);
    } catch (error) {
      onDefect(error);
    }
  }

  const service = await serveAwsJson({
    service: 'events',
    targetPrefix: 'AWSEvents',
    faults,
    access: options.access,
    onDefect,
    ...(options.port === undefined ? {} : { port: options.port }),
    operations: {
      PutEvents: operation(putEventsRequest, 'ValidationException', {
        reads: false,
        target: ({ Entries: [first] }) => `${first?.Source}/${first?.DetailType}`,
        // "Actions, resources, and condition keys for Amazon EventBridge".
        rights: ({ Entries }) =>
          [...new Set(Entries.map(({ EventBusName }) => busName(EventBusName)))].map((name) => ({
            action: 'events:PutEvents',
            resource: `arn:aws:events:${region}:${accountId}:event-bus/${name}`,
          })),
        run: ({ Entries }) => {
          checkWhole(Entries);
          const results = Entries.map((entry) => {
            const event = toEvent(entry, bus, now());
            if ('ErrorCode' in event) return event;
            void hand(event, busName(entry.EventBusName));
            return { EventId: event.id };
          });
          return {
            FailedEntryCount: results.filter((result) => 'ErrorCode' in result).length,
            Entries: results,
          };
        },
      }),
    },
  });
  return { url: service.url, faults, close: () => service.close() };
}
