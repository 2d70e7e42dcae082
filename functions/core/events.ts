/** Events on EventBridge, for automation. At least once; `id` in the detail tells a duplicate. */
export const EVENT_SOURCE = 'stream-recorder';

export const EVENT_TYPES = {
  recordingStarted: 'Recording Started',
  partFinished: 'Recording Part Finished',
  recordAvailable: 'Record Available',
  recordingFinished: 'Recording Finished',
  recordingFailed: 'Recording Failed',
} as const;
export type EventType = (typeof EVENT_TYPES)[keyof typeof EVENT_TYPES];

/** What every event's detail has. `id` is deterministic: the same fact published twice has the same id. */
export interface EventDetail {
  readonly id: string;
  readonly recordingId: string;
  readonly mediaSessionId: string;
  readonly streamName: string;
  readonly [field: string]: unknown;
}

/** The same fact, the same id: `<recordingId>/<type>[/<part>]`. */
export function eventId(type: EventType, recordingId: string, part?: number): string {
  const name = type.toLowerCase().replaceAll(' ', '-');
  return part === undefined ? `${recordingId}/${name}` : `${recordingId}/${name}/${part}`;
}
