/** The part of an S3 notification that we read. The test event that S3 sends to a new queue has no `Records`. */
export interface S3Notification {
  readonly Records?: readonly {
    readonly eventName: string;
    readonly s3: { readonly object: { readonly key: string } };
  }[];
}

/** Keys in S3 notifications are URL-encoded, with `+` for a space; those in EventBridge events are not. */
export function decodeNotificationKey(key: string): string {
  return decodeURIComponent(key.replaceAll('+', ' '));
}

/** Keys of the objects that were created, in the order of the notification. */
export function createdKeys(notification: S3Notification): string[] {
  return (notification.Records ?? [])
    .filter((record) => record.eventName.startsWith('ObjectCreated:'))
    .map((record) => decodeNotificationKey(record.s3.object.key));
}
