/**
 * Who may do what, as IAM decides it from identity-based policies ("Policy evaluation logic", IAM User Guide): an explicit
 * deny wins, else an allow is needed. Elements and operators are the ones of IAM's JSON ("IAM JSON policy element
 * reference"); those that are not here are refused, never passed over.
 */

type OneOrMany = string | readonly string[];

export interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  /** `*` and `?` stand for any characters and one; upper and lower case are the same. */
  readonly Action: OneOrMany;
  /** ARNs, with the same wildcards, which go across `:` and `/`. */
  readonly Resource: OneOrMany;
  /** Operator → condition key → values, of which one has to match. All keys of all operators have to hold. */
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, OneOrMany>>>>;
}

/** What a request needs: one action on one resource, and what is known of the request besides. */
export interface Right {
  readonly action: string;
  readonly resource: string;
  /** Condition keys of the request, such as `s3:prefix`; one that is not in the request is not here. */
  readonly context?: Readonly<Record<string, string>>;
}

export type Decision = 'allowed' | 'explicitDeny' | 'implicitDeny';

/** @returns what the statements say of a right, in any order of them */
export type Policy = (right: Right) => Decision;

/** @throws Error for an element that IAM has and this has not */
export function policyOf(statements: readonly Statement[]): Policy {
  const compiled = statements.map(compile);
  // Most requests of an identity are of few actions.
  const byAction = new Map<string, readonly Compiled[]>();
  const ofAction = (action: string): readonly Compiled[] => {
    const known = byAction.get(action);
    if (known !== undefined) return known;
    const found = compiled.filter(({ isOfAction }) => isOfAction(action));
    byAction.set(action, found);
    return found;
  };
  return ({ action, resource, context = {} }) => {
    let decision: Decision = 'implicitDeny';
    for (const { effect, isOn, holds } of ofAction(action)) {
      if (!isOn(resource) || !holds(context)) continue;
      if (effect === 'Deny') return 'explicitDeny';
      decision = 'allowed';
    }
    return decision;
  };
}

interface Compiled {
  readonly effect: Statement['Effect'];
  readonly isOfAction: (action: string) => boolean;
  readonly isOn: (resource: string) => boolean;
  readonly holds: (context: NonNullable<Right['context']>) => boolean;
}

const ELEMENTS = ['Sid', 'Effect', 'Action', 'Resource', 'Condition'];

function compile(statement: Statement): Compiled {
  const unknown = Object.keys(statement).find((name) => !ELEMENTS.includes(name));
  if (unknown !== undefined) throw new Error(`the element ${unknown} of a policy is not offered here`);
  const conditions = Object.entries(statement.Condition ?? {}).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) => condition(operator, key, values)),
  );
  return {
    effect: statement.Effect,
    isOfAction: anyOf(statement.Action, 'i'),
    isOn: anyOf(statement.Resource),
    holds: (context) => conditions.every((holds) => holds(context)),
  };
}

/** ArnEquals and ArnLike are the same in IAM; what is compared here has no wildcard in its service or account. */
const OPERATORS: Readonly<Record<string, (values: OneOrMany) => (value: string) => boolean>> = {
  StringEquals: (values) => (value) => listed(values).includes(value),
  StringLike: anyOf,
  ArnEquals: anyOf,
  ArnLike: anyOf,
};
const IF_EXISTS = 'IfExists';

function condition(operator: string, key: string, values: OneOrMany): Compiled['holds'] {
  const isOptional = operator.endsWith(IF_EXISTS);
  const matcher = OPERATORS[isOptional ? operator.slice(0, -IF_EXISTS.length) : operator];
  if (matcher === undefined) throw new Error(`the condition ${operator} is not offered here`);
  const matches = matcher(values);
  return (context) => {
    const value = context[key];
    return value === undefined ? isOptional : matches(value);
  };
}

function anyOf(patterns: OneOrMany, flags = ''): (value: string) => boolean {
  const expressions = listed(patterns).map((pattern) => likeExpression(pattern, flags));
  return (value) => expressions.some((expression) => expression.test(value));
}

function likeExpression(pattern: string, flags: string): RegExp {
  if (pattern.includes('${')) throw new Error(`policy variables are not offered here: ${pattern}`);
  const source = pattern
    .replaceAll(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replaceAll(/\*+/g, '[^]*')
    .replaceAll('?', '[^]');
  return new RegExp(`^${source}$`, `${flags}u`);
}

const listed = (values: OneOrMany): readonly string[] => (typeof values === 'string' ? [values] : values);
