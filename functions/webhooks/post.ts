import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { answering, type Lookup, resolveChecked } from '../aws/dnsResolution.ts';
import { checkSource } from '../core/source/policy.ts';
import type { SourceRules } from '../core/source/sourceRules.ts';
import type { WebhookMessage } from './message.ts';

/** The specification asks for 15 to 30 seconds. */
export const POST_TIMEOUT_MS = 15_000;
const GONE = 410;

export interface PostOptions {
  readonly rules: SourceRules;
  readonly lookup: Lookup;
  readonly timeoutMs?: number;
}

/** The endpoint did not take the message; `retryAfterSeconds` is what it says itself. */
export class NotTakenError extends Error {
  override readonly name = 'NotTakenError';
  readonly retryAfterSeconds: number | undefined;
  /** 410: the endpoint wants no messages any more, as the specification has it. */
  readonly isGone: boolean;

  constructor(
    message: string,
    options: {
      readonly cause?: unknown;
      readonly retryAfterSeconds?: number | undefined;
      readonly isGone?: boolean;
    } = {},
  ) {
    super(message, { cause: options.cause });
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.isGone = options.isGone === true;
  }
}

/** Seconds, or an HTTP date. */
function secondsOf(retryAfter: string | undefined, nowMs: number): number | undefined {
  if (retryAfter === undefined) return undefined;
  const seconds = /^\d+$/.test(retryAfter) ? Number(retryAfter) : (Date.parse(retryAfter) - nowMs) / 1000;
  return seconds > 0 ? Math.ceil(seconds) : undefined;
}

/**
 * Sends a message to an endpoint. The rules are those of sources: its name is resolved here, once, each address is judged,
 * and only those are connected to. A redirect is no success, and is not followed.
 * @throws NotTakenError; RecorderError or ForbiddenSourceError for an endpoint that may not be reached
 */
export async function postWebhook(url: string, message: WebhookMessage, options: PostOptions): Promise<void> {
  const { rules, lookup, timeoutMs = POST_TIMEOUT_MS } = options;
  checkSource(url, 'url', rules);
  const target = new URL(url);
  const addresses = await resolveChecked(target.hostname.replace(/^\[|\]$/g, ''), rules, lookup);
  const request = (target.protocol === 'https:' ? https : http).request(target, {
    method: 'POST',
    agent: false,
    lookup: answering(addresses),
    signal: AbortSignal.timeout(timeoutMs),
    headers: {
      ...message.headers,
      'content-length': Buffer.byteLength(message.body),
      'user-agent': 'stream-recorder',
    },
  });
  try {
    request.end(message.body);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const status = response.statusCode ?? 0;
    // What it says besides is nobody's business.
    response.destroy();
    if (status >= 200 && status < 300) return;
    throw new NotTakenError(`the endpoint answered ${status}`, {
      retryAfterSeconds: secondsOf(response.headers['retry-after'], Date.now()),
      isGone: status === GONE,
    });
  } catch (cause) {
    if (cause instanceof NotTakenError) throw cause;
    const { name, code } = cause as NodeJS.ErrnoException;
    const isLate = name === 'AbortError' || name === 'TimeoutError';
    throw new NotTakenError(isLate ? 'the endpoint did not answer in time' : `no answer: ${code ?? name}`, {
      cause,
    });
  } finally {
    request.on('error', () => undefined);
    request.destroy();
  }
}
