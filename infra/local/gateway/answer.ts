import * as z from 'zod/mini';
import type { Invocation } from '../lambda/environment.ts';

export interface GatewayAnswer {
  readonly status: number;
  /** A name may be there more than once. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

const structured = z.object({
  statusCode: z.pipe(
    z.union([z.number(), z.string()]),
    z.transform((value) => Number(value)),
  ),
  headers: z.optional(z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))),
  cookies: z.optional(z.array(z.string())),
  body: z.optional(z.string()),
  isBase64Encoded: z.optional(z.boolean()),
});

const JSON_TYPE = ['content-type', 'application/json'] as const;

/** API Gateway's own answers: `{"message"}`. */
export function gatewayMessage(status: number, message: string): GatewayAnswer {
  return { status, headers: [JSON_TYPE], body: Buffer.from(JSON.stringify({ message })) };
}

export const INTERNAL_ERROR = gatewayMessage(500, 'Internal Server Error');

/**
 * What a function's result becomes (payload format 2.0): an object with `statusCode` says all itself; anything else is
 * the JSON body of a 200. A function that failed, or answered what cannot be read, shows nothing of its inside.
 */
export function toAnswer(invocation: Invocation): GatewayAnswer {
  if (!invocation.ok) return INTERNAL_ERROR;
  const { payload } = invocation;
  if (typeof payload !== 'object' || payload === null || !('statusCode' in payload)) {
    const body = typeof payload === 'string' ? payload : JSON.stringify(payload);
    return { status: 200, headers: [JSON_TYPE], body: Buffer.from(body) };
  }
  const parsed = structured.safeParse(payload);
  if (!parsed.success) return INTERNAL_ERROR;
  const { statusCode, headers = {}, cookies = [], body = '', isBase64Encoded } = parsed.data;
  if (!Number.isInteger(statusCode) || statusCode < 200 || statusCode > 599) return INTERNAL_ERROR;
  const given = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)] as const);
  return {
    status: statusCode,
    headers: [
      ...(given.some(([name]) => name === 'content-type')
        ? []
        : [['content-type', 'text/plain;charset=UTF-8'] as const]),
      ...given,
      ...cookies.map((cookie) => ['set-cookie', cookie] as const),
    ],
    body: Buffer.from(body, isBase64Encoded === true ? 'base64' : 'utf8'),
  };
}
