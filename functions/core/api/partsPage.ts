import type { RecordingObjects } from '../state/fold.ts';
import { RecorderError } from './errors.ts';
import { keyOfToken, pageToken } from './pages.ts';

/** Parts of one answer: with two links each an answer stays far below Lambda's 6 MB. */
export const PARTS_MAX = 100;

const PREFIX = 'parts/';

export interface PartsPage {
  /** Ordinals, in their order. */
  readonly parts: readonly number[];
  /** Where there are more. */
  readonly nextToken?: string;
}

/**
 * Some of a recording's parts, the first ones first.
 * @param token of the page before
 * @throws RecorderError invalid_request on `nextToken`
 */
export function partsPage({ parts }: Pick<RecordingObjects, 'parts'>, token?: string): PartsPage {
  const after = token === undefined ? 0 : partOf(token);
  const later = [...parts.keys()].filter((part) => part > after).sort((a, b) => a - b);
  const shown = later.slice(0, PARTS_MAX);
  const last = shown.at(-1);
  return later.length <= PARTS_MAX || last === undefined
    ? { parts: shown }
    : { parts: shown, nextToken: pageToken(`${PREFIX}${last}`) };
}

function partOf(token: string): number {
  const ordinal = keyOfToken(token, PREFIX).slice(PREFIX.length);
  if (/^[1-9]\d{0,8}$/.test(ordinal)) return Number(ordinal);
  throw new RecorderError('invalid_request', 'nextToken must be one that an answer gave.', {
    field: 'nextToken',
  });
}
