import * as z from 'zod/mini';
import type { HookEvent } from '../core/hooks/event.ts';
import type { HookSettings } from '../core/hooks/settings.ts';
import { wcsStreamEvent } from '../core/hooks/wcs.ts';
import { logger } from './logger.ts';

/** A start waits for it. */
const TIMEOUT_MS = 3_000;
const ANSWER_MAX_CHARS = 1_000_000;
const itemsSchema = z.array(z.looseObject({ mediaSessionId: z.string() }));

/**
 * Asks the deployment's WCS servers, all at once, for a stream that the registry does not know.
 * @returns what a hook of that server would have said; undefined where none has it, or none answers
 */
export async function askWcsServers(
  { wcsServers }: HookSettings,
  mediaSessionId: string,
): Promise<HookEvent | undefined> {
  const answers = await Promise.all(wcsServers.map((server) => ask(server, mediaSessionId)));
  return answers.find((event) => event !== undefined);
}

async function ask(server: string, mediaSessionId: string): Promise<HookEvent | undefined> {
  try {
    const answer = await fetch(`${server.replace(/\/+$/, '')}/rest-api/stream/find`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ mediaSessionId, published: true }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = (await answer.text()).slice(0, ANSWER_MAX_CHARS);
    // 404 is WCS's word for "none".
    if (!answer.ok) return undefined;
    const items = itemsSchema.parse(JSON.parse(text));
    const found = items.find((item) => item.mediaSessionId === mediaSessionId);
    return found === undefined ? undefined : wcsStreamEvent(found);
  } catch (error) {
    logger.warn('a WCS server did not say which streams it has', { server, error: error as Error });
    return undefined;
  }
}
