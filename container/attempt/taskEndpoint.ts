import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';

/**
 * Asks one of the endpoints that ECS gives a task, and reads its JSON. Not by `fetch`, for which Node loads what each recorder
 * else does without: 50 ms of CPU, a quarter of a worker's beginning.
 * @throws faults of the connection; a time-out; what is no JSON
 */
export async function askTaskEndpoint(
  url: string,
  {
    method = 'GET',
    body,
    timeoutMs,
  }: { readonly method?: string; readonly body?: object; readonly timeoutMs: number },
): Promise<unknown> {
  const sent = request(url, {
    method,
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    // Nobody asks again for minutes.
    agent: false,
    signal: AbortSignal.timeout(timeoutMs),
  });
  // What befalls it once there is an answer, whoever reads that is told; said here to nobody, it would end the process.
  sent.on('error', () => undefined);
  sent.end(body === undefined ? undefined : JSON.stringify(body));
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}
