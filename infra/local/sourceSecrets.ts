import * as z from 'zod/mini';
import { sourceRulesSchema } from '../../functions/core/source/sourceRules.ts';

const schema = z.record(z.string(), z.record(z.string(), z.string()));
export type SourceSecrets = z.infer<typeof schema>;

/** SOURCE_SECRETS: `{"cameras/lobby":{"username":"…","password":"…"}}`. @throws what the schemas say, or SyntaxError */
export function readSourceSecrets(json: string): SourceSecrets {
  const secrets = schema.parse(JSON.parse(json));
  sourceRulesSchema.shape.secrets.parse(Object.keys(secrets));
  return secrets;
}
