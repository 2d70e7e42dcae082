import { readEnv } from './aws/env.ts';
import { httpHandler } from './aws/http.ts';
import { once } from './aws/once.ts';
import { previewNameBody } from './core/api/schemas.ts';
import { previewName } from './core/names/index.ts';
import { parseInput } from './core/validation.ts';

const setup = once(() => readEnv(['RECORDING_DEFAULTS']).RECORDING_DEFAULTS.names);

/** POST /recordings/previewName `{streamName, …}` → 200, the names that a record would get, and what was changed. */
export const handler = httpHandler(
  async ({ body }) => {
    const { policy, fileTemplate, libraryKeyTemplate, encoding, format, ...values } = parseInput(
      previewNameBody,
      body,
    );
    const rules = {
      ...setup(),
      // A template that is asked for is meant to be used, whatever the deployment's policy.
      ...(fileTemplate === undefined ? {} : { fileTemplate, policy: 'template' as const }),
      ...(policy === undefined ? {} : { policy }),
      ...(libraryKeyTemplate === undefined ? {} : { libraryKeyTemplate }),
      ...(encoding === undefined ? {} : { encoding }),
    };
    const preview = previewName({ ...values, rules, ...(format === undefined ? {} : { extension: format }) });
    return { status: 200, body: preview };
  },
  { body: 'json' },
);
