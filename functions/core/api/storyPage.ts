import { RecorderError } from './errors.ts';
import { keyOfToken, pageToken } from './pages.ts';
import type { StoryEvent } from './story.ts';

/** Events of one answer: with a key in each it stays below Lambda's 6 MB. */
export const EVENTS_MAX = 1_000;

const PREFIX = 'events/';

export interface StoryPage {
  readonly events: readonly StoryEvent[];
  /** Where there are more. */
  readonly nextToken?: string;
}

/**
 * Some of what happened, the first first.
 * @param token of the page before
 * @throws RecorderError invalid_request on `nextToken`
 */
export function storyPage(story: readonly StoryEvent[], token?: string): StoryPage {
  const from = token === undefined ? 0 : countOf(token);
  const to = from + EVENTS_MAX;
  const events = story.slice(from, to);
  return to < story.length ? { events, nextToken: pageToken(`${PREFIX}${to}`) } : { events };
}

function countOf(token: string): number {
  const count = keyOfToken(token, PREFIX).slice(PREFIX.length);
  if (/^[1-9]\d{0,8}$/.test(count)) return Number(count);
  throw new RecorderError('invalid_request', 'nextToken must be one that an answer gave.', {
    field: 'nextToken',
  });
}
