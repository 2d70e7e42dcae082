import { Token } from 'aws-cdk-lib';
import type { FunctionSpec, Resource } from '../wiring.ts';

/** "4 KB, for all environment variables associated with the function, in aggregate" (Lambda quotas). */
const ENVIRONMENT_MAX_BYTES = 4_096;
/** What stands for a value that is known at deployment only: names, ARNs and URLs are shorter. */
const TOKEN_BYTES = 128;
/** What aws-cdk-lib, layers and the console's function add. */
const RESERVED_BYTES = 256;

/** What a deployer writes: the property of the construct that a variable's value comes from. */
const PROPERTY: Partial<Readonly<Record<Resource, string>>> = {
  streamHooks: 'hooks',
  recordingDefaults: 'recordingDefaults',
};

/**
 * The variables of a function, as the wiring says.
 * @throws Error for what Lambda would refuse at deployment, naming the property that takes most
 */
export function functionEnvironment(
  spec: Pick<FunctionSpec, 'name' | 'environment'>,
  resources: Readonly<Record<Resource, string>>,
): Record<string, string> {
  const variables = Object.entries(spec.environment).map(([name, resource]) => {
    const value = resources[resource];
    const bytes = name.length + (Token.isUnresolved(value) ? TOKEN_BYTES : Buffer.byteLength(value));
    return { name, resource, value, bytes };
  });
  const bytes = variables.reduce((sum, variable) => sum + variable.bytes, RESERVED_BYTES);
  const [largest] = variables.toSorted((a, b) => b.bytes - a.bytes);
  if (bytes > ENVIRONMENT_MAX_BYTES && largest !== undefined) {
    const property = PROPERTY[largest.resource] ?? largest.resource;
    throw new Error(
      `${property}: is too long by ${bytes - ENVIRONMENT_MAX_BYTES} bytes. It takes ${largest.bytes} of the ${ENVIRONMENT_MAX_BYTES} bytes that Lambda has for all variables of a function (${spec.name})`,
    );
  }
  return Object.fromEntries(variables.map(({ name, value }) => [name, value]));
}
