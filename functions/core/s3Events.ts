/** Keys in S3 notifications are URL-encoded, with `+` for a space; those in EventBridge events are not. */
export function decodeNotificationKey(key: string): string {
  return decodeURIComponent(key.replaceAll('+', ' '));
}
