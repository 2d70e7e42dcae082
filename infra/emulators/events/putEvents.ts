import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { AwsError } from '../shared/awsJson.ts';

/** As EventBridge hands it to a rule's target. */
export interface EventBridgeEvent {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: string;
  readonly account: string;
  /** ISO 8601, to the second. */
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

const entry = z.object({
  Time: z.number().optional(),
  Source: z.string().optional(),
  Resources: z.array(z.string()).default([]),
  DetailType: z.string().optional(),
  Detail: z.string().optional(),
  EventBusName: z.string().default('default'),
});
export type PutEventsEntry = z.infer<typeof entry>;

export const putEventsRequest = z.object({
  Entries: z.array(entry).min(1, 'at least 1 entry').max(10, 'at most 10 entries'),
  EndpointId: z.undefined('global endpoints are not offered here').optional(),
});

/** "The total entry size must be less than 1MB" (PutEvents in the API reference of 2026; it had been 256 KB). */
const MAX_TOTAL_BYTES = 1024 * 1024;
const MAX_DETAIL_TYPE_CHARACTERS = 128;

/** Bytes of an entry as the EventBridge user guide counts them: 14 for the time, UTF-8 for the rest. */
function entryBytes({ Time, Source = '', DetailType = '', Detail = '', Resources }: PutEventsEntry): number {
  return (
    (Time === undefined ? 0 : 14) +
    [Source, DetailType, Detail, ...Resources].reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  );
}

/** @throws AwsError ValidationException for what makes EventBridge refuse the whole call */
export function checkWhole(entries: readonly PutEventsEntry[]): void {
  const bytes = entries.reduce((sum, one) => sum + entryBytes(one), 0);
  if (bytes >= MAX_TOTAL_BYTES)
    throw new AwsError('ValidationException', 'Total size of the entries in the request is over the limit.');
  if (!entries.some(({ Source, DetailType, Detail }) => Source && DetailType && Detail))
    throw new AwsError('ValidationException', 'No entry has a Source, a DetailType and a Detail.');
}

export interface Refusal {
  readonly ErrorCode: string;
  readonly ErrorMessage: string;
}

/** The entry as an event, or why EventBridge takes the others and not this one. */
export function toEvent(
  { Time, Source, DetailType, Detail, Resources, EventBusName }: PutEventsEntry,
  bus: { readonly names: readonly string[]; readonly accountId: string; readonly region: string },
  now: Date,
): EventBridgeEvent | Refusal {
  if (!Source) return required('Source');
  if (!DetailType) return required('DetailType');
  if (!Detail) return required('Detail');
  if (DetailType.length > MAX_DETAIL_TYPE_CHARACTERS)
    return argument('DetailType', `It has more than ${MAX_DETAIL_TYPE_CHARACTERS} characters.`);
  // AWS keeps this prefix for its own services.
  if (Source.startsWith('aws.'))
    return { ErrorCode: 'NotAuthorizedForSourceException', ErrorMessage: 'Not authorized for the source.' };
  if (!bus.names.includes(busName(EventBusName)))
    return argument('EventBusName', `There is no event bus ${EventBusName}.`);
  const detail = parseObject(Detail);
  if (detail === undefined) return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': DetailType,
    source: Source,
    account: bus.accountId,
    time: (Time === undefined ? now : new Date(Time * 1000)).toISOString().replace(/\.\d+Z$/, 'Z'),
    region: bus.region,
    resources: Resources,
    detail,
  };
}

/** @param nameOrArn `arn:aws:events:<region>:<account>:event-bus/<name>` or the name alone */
export function busName(nameOrArn: string): string {
  return nameOrArn.startsWith('arn:') ? nameOrArn.slice(nameOrArn.indexOf('/') + 1) : nameOrArn;
}

function argument(name: string, reason: string): Refusal {
  return { ErrorCode: 'InvalidArgument', ErrorMessage: `Parameter ${name} is not valid. Reason: ${reason}` };
}

function required(name: string): Refusal {
  return argument(name, `${name} is a required argument.`);
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const parsed = z.record(z.string(), z.unknown()).safeParse(value);
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
