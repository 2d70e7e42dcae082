import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { CONTENT_TYPES } from '../media/contentTypes.ts';
import { recordingPrefix } from '../state/keys.ts';

/** Whether the names of all parts of a recording have its id in them: decided once, before the first is in the library. */
export const stemSchema = z.object({
  suffixed: z.boolean(),
  /** The claim of the stem that was asked for, which may be another recording's. */
  claimKey: z.string(),
});
export type Stem = z.infer<typeof stemSchema>;
export const stemKey = (recordingId: string): string => `${recordingPrefix(recordingId)}stem.json`;

/** Which recording may give its records names with this stem. */
export const stemClaimSchema = z.object({ recordingId: z.string() });
/**
 * Beside the recordings, under no id of one: whoever may write what is known of a recording may claim its names.
 * @param stem folders and the beginning of the file name
 */
export function stemClaimKey(bucket: string, stem: string): string {
  return `${recordingPrefix('stems')}${createHash('sha256').update(`${bucket}/${stem}`, 'utf8').digest('hex')}.json`;
}

const RECORD_ENDING = new RegExp(`^(?:_[a-m]?\\d{3,})?\\.(?:${Object.keys(CONTENT_TYPES).join('|')})$`);

/** Whether a record whose name has this stem may have this key. */
export function isOfStem(key: string, stem: string): boolean {
  return key.startsWith(stem) && RECORD_ENDING.test(key.slice(stem.length));
}
