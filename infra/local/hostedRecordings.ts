import { decodeNotificationKey } from '../../functions/core/events/s3Notification.ts';
import type { S3EventRecord } from '../emulators/s3/notifications.ts';
import { LANDING } from './place.ts';

/** `state/hosts/<host>/carries/<recording>-<attempt>.json` */
const CARRIED = /^state\/hosts\/[^/]+\/carries\/([^/]+)-\d+\.json$/;

/** The recordings that hosts carry, as they write it down: tasks of a service do not say what they work on. */
export class HostedRecordings {
  readonly #byKey = new Map<string, string>();

  get ids(): readonly string[] {
    return [...new Set(this.#byKey.values())];
  }

  /** Told of every object that is created or removed. */
  note({ eventName, s3 }: S3EventRecord): void {
    if (s3.bucket.name !== LANDING) return;
    const key = decodeNotificationKey(s3.object.key);
    const recordingId = CARRIED.exec(key)?.[1];
    if (recordingId === undefined) return;
    if (eventName.startsWith('ObjectCreated:')) this.#byKey.set(key, recordingId);
    else this.#byKey.delete(key);
  }
}
