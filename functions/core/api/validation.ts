import type * as z from 'zod/mini';
import { RecorderError } from './errors.ts';

/**
 * Checks an outside value against its schema.
 * @param where prefix of the field's path in messages, such as `config`; '' for the body itself
 * @throws RecorderError invalid_request that names the field and the rule
 */
export function parseInput<T>(schema: z.ZodMiniType<T>, input: unknown, where = ''): T {
  const parsed = schema.safeParse(input, { error: knownFields });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const unknownKey = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  const path = [...(where === '' ? [] : [where]), ...(issue?.path ?? []), ...unknownKey].map(String);
  const field = path.length === 0 ? 'body' : path.join('.');
  throw new RecorderError('invalid_request', `${field} ${rule(issue, valueAt(input, issue?.path ?? []))}.`, {
    field,
  });
}

/** Fields of a body that its schema, which takes others too, does not know. */
export function ignoredFields(
  schema: z.ZodMiniObject,
  input: unknown,
): { readonly ignoredFields?: string[] } {
  const names = Object.keys((input ?? {}) as object).filter((name) => !Object.hasOwn(schema.shape, name));
  return names.length === 0 ? {} : { ignoredFields: names };
}

type Issue = z.core.$ZodIssue;

/** zod's message where a schema has none of its own. */
const UNSAID = 'Invalid input';

/** The rule in words: what the value must be. */
function rule(issue: Issue | undefined, value: unknown): string {
  switch (issue?.code) {
    case 'invalid_type':
      return value === undefined ? 'is missing' : `must be ${article(issue.expected)}`;
    case 'too_small':
      if (issue.origin === 'string') {
        return value === '' ? 'must not be empty' : `must have at least ${issue.minimum} characters`;
      }
      return `must be at least ${issue.minimum}`;
    case 'too_big':
      return issue.origin === 'string'
        ? `must have at most ${issue.maximum} characters`
        : `must be at most ${issue.maximum}`;
    case 'invalid_value':
      return `must be one of ${issue.values.join(', ')}`;
    case 'unrecognized_keys':
      return `is not known. Known are: ${issue.message}`;
    case 'invalid_union':
      return unionRule(issue);
    case 'invalid_key':
      return issue.issues[0]?.message ?? 'has a key that is not valid';
    default:
      return issue?.message !== undefined && issue.message !== UNSAID ? issue.message : 'is not valid';
  }
}

/** The union's own rule; or that of the alternative that came nearest: where the type was right and something else was not. */
function unionRule({ errors, message }: Extract<Issue, { code: 'invalid_union' }>): string {
  if (message !== UNSAID) return message;
  const near = errors.flat().find(({ code }) => code !== 'invalid_type');
  return near === undefined ? 'has none of the forms that are allowed' : rule(near, undefined);
}

/** What there is in the place of a field that is not known. */
const knownFields: z.core.$ZodErrorMap = ({ code, inst }) =>
  code === 'unrecognized_keys'
    ? Object.keys((inst as z.ZodMiniObject | undefined)?.shape ?? {}).join(', ')
    : undefined;

function article(type: string): string {
  const names: Record<string, string> = { int: 'an integer', array: 'an array', object: 'an object' };
  return names[type] ?? `a ${type}`;
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}
