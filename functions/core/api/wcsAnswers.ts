import * as z from 'zod/mini';
import type { Session } from '../state/objects.ts';

/** The bodies that WCS's methods answer with. */

/** A filter of `/stream/find`: an item is found when each field given has this very value. */
export const streamFilter = z.record(
  z.string().check(z.maxLength(64)),
  z.union([z.string(), z.number(), z.boolean(), z.null()]),
);
export type StreamFilter = z.infer<typeof streamFilter>;

/** An item of `/stream/find`. What WCS knows of a stream and we do not is 0, null or empty, as in its own answers. */
export const wcsStreamItem = z.object({
  custom: z.object({}),
  nodeId: z.nullable(z.string()),
  appKey: z.nullable(z.string()),
  sessionId: z.nullable(z.string()),
  mediaSessionId: z.string(),
  name: z.string(),
  published: z.boolean(),
  hasVideo: z.boolean(),
  hasAudio: z.boolean(),
  status: z.string(),
  record: z.boolean(),
  recordName: z.exactOptional(z.string()),
  width: z.number(),
  height: z.number(),
  bitrate: z.number(),
  quality: z.number(),
  mediaProvider: z.nullable(z.string()),
});
export type WcsStreamItem = z.infer<typeof wcsStreamItem>;

/**
 * @param recording undefined where the stream is not being recorded; its file names are those of parts that are being
 * written
 */
export function toWcsStreamItem(
  session: Session,
  recording?: { readonly fileNames: readonly string[] },
): WcsStreamItem {
  const recordName = recording?.fileNames.at(-1);
  return {
    custom: {},
    nodeId: session.nodeId ?? null,
    appKey: session.appKey ?? null,
    sessionId: session.sessionId ?? null,
    mediaSessionId: session.mediaSessionId,
    name: session.name,
    published: session.status === 'PUBLISHING',
    hasVideo: session.hasVideo ?? true,
    hasAudio: session.hasAudio ?? true,
    status: session.status,
    record: recording !== undefined,
    ...(recordName === undefined ? {} : { recordName }),
    width: session.width ?? 0,
    height: session.height ?? 0,
    bitrate: session.bitrate ?? 0,
    quality: 0,
    mediaProvider: session.mediaProvider ?? null,
  };
}

export function matches(item: WcsStreamItem, filter: StreamFilter): boolean {
  const fields = new Map<string, unknown>(Object.entries(item));
  return Object.entries(filter).every(([name, value]) => fields.get(name) === value);
}
