import { z } from 'zod';
import type { FaultRule, Faults } from '../shared/faults.ts';
import { S3Error } from './errors.ts';

/** Fault rules over HTTP: `PUT /_faults` with a JSON array puts them in the place of the old ones, `DELETE` ends all. */
export const FAULTS_PATH = '/_faults';

const action = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('fail'), status: z.int().min(400).max(599), code: z.string() }),
  z.object({ kind: z.literal('throttle') }),
  z.object({ kind: z.literal('delay'), delayMs: z.number().min(0) }),
  z.object({ kind: z.literal('dropAnswer') }),
  z.object({ kind: z.literal('resetMidBody'), afterBytes: z.int().min(0) }),
  z.object({ kind: z.literal('vanish'), durationMs: z.number().min(0) }),
]);

const rule = z.object({
  service: z.enum(['s3', 'ecs', 'events']),
  operation: z.string().optional(),
  match: z.string().refine(isPattern, 'not a regular expression').optional(),
  nth: z.int().min(1).optional(),
  times: z.int().min(1).optional(),
  action,
});

function isPattern(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * @returns the status to answer
 * @throws S3Error MethodNotAllowed, InvalidRequest
 */
export function changeFaults(method: string | undefined, body: Buffer, faults: Faults): number {
  if (method === 'DELETE') {
    faults.clear();
    return 204;
  }
  if (method !== 'PUT') throw new S3Error('MethodNotAllowed');
  const rules = parseRules(body);
  faults.clear();
  faults.add(...rules);
  return 204;
}

function parseRules(body: Buffer): readonly FaultRule[] {
  let json: unknown;
  try {
    json = JSON.parse(body.toString());
  } catch {
    throw new S3Error('InvalidRequest', 'Fault rules come as a JSON array.');
  }
  const parsed = z.array(rule).safeParse(json);
  if (!parsed.success) throw new S3Error('InvalidRequest', z.prettifyError(parsed.error));
  return parsed.data.map(({ operation, match, nth, times, ...rest }) => ({
    ...rest,
    ...(operation !== undefined && { operation }),
    ...(match !== undefined && { match }),
    ...(nth !== undefined && { nth }),
    ...(times !== undefined && { times }),
  }));
}
