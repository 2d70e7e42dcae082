import * as z from 'zod/mini';
import { readSecret } from './secrets.ts';

const keySchema = z.object({ key: z.string().check(z.minLength(32)) });

/**
 * What links are signed with. The extension beside the function keeps it for 5 minutes.
 * @param secretArn of a secret that is `{"key"}`
 */
export async function readLinkKey(secretArn: string): Promise<string> {
  return (await readSecret(secretArn, keySchema)).key;
}
