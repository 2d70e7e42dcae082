import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { afterEach, expect } from 'vitest';
import { type Gateway, type GatewayOptions, startGateway } from '../../../../infra/local/gateway/server.ts';
import type { Invocation } from '../../../../infra/local/lambda/environment.ts';

export interface Call {
  readonly functionName: string;
  readonly event: APIGatewayProxyEventV2;
}

const open: Gateway[] = [];
/** What a gateway tells of itself; a test takes out what it expects. */
export const defects: unknown[] = [];

/** After each test of this file what it opened is closed, and nothing was told that it did not expect. */
export function gatewaysForTests(): void {
  afterEach(async () => {
    await Promise.all(open.splice(0).map((gateway) => gateway.close()));
    expect(defects.splice(0)).toEqual([]);
  });
}

/** A gateway whose functions all answer with `result`, until the test is over. */
export async function serve(
  result: Invocation | (() => Promise<Invocation>) = { ok: true, payload: { statusCode: 204 } },
  options: Partial<GatewayOptions> = {},
): Promise<{ url: string; calls: Call[] }> {
  const calls: Call[] = [];
  const gateway = await startGateway({
    accountId: '000000000000',
    routes: [
      { method: 'GET', path: '/recordings/{recordingId}', function: 'getRecording' },
      { method: 'POST', path: '/start', function: 'start' },
      { method: 'PUT', path: '/streams/{mediaSessionId+}', function: 'putStream' },
    ],
    defaultFunction: 'notFound',
    invoke: async (functionName, event) => {
      calls.push({ functionName, event });
      return typeof result === 'function' ? await result() : result;
    },
    now: () => new Date(Date.UTC(2026, 2, 5, 9, 3, 58, 250)),
    onDefect: (error) => defects.push(error),
    ...options,
  });
  open.push(gateway);
  return { url: gateway.url, calls };
}
