import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Decision,
  policyOf,
  type Right,
  type Statement,
} from '../../../../infra/emulators/shared/policy.ts';

const BUCKET = 'arn:aws:s3:::bucket';
const decide = (statements: readonly Statement[], right: Right): Decision => policyOf(statements)(right);
const allow = (Action: string | string[], Resource: string | string[]): Statement => ({
  Effect: 'Allow',
  Action,
  Resource,
});

/** IAM's wildcards as their definition has them, one character after the other. */
function isLike(pattern: string, text: string): boolean {
  const [head] = pattern;
  if (head === undefined) return text === '';
  const rest = pattern.slice(1);
  if (head === '*') return isLike(rest, text) || (text !== '' && isLike(pattern, text.slice(1)));
  return text !== '' && (head === '?' || head === text[0]) && isLike(rest, text.slice(1));
}

const symbols = fc.constantFrom('a', 'b', '/', ':', '.', '+', '(', '\n');
const texts = fc.string({ unit: symbols, maxLength: 8 });
const patterns = fc.string({ unit: fc.oneof(symbols, fc.constantFrom('*', '?')), maxLength: 6 });
const actions = fc.constantFrom('s3:GetObject', 's3:PutObject', 'sqs:SendMessage');
const statements = fc.record({
  Effect: fc.constantFrom('Allow' as const, 'Deny' as const),
  Action: fc.uniqueArray(fc.oneof(actions, fc.constantFrom('*', 's3:*')), { minLength: 1, maxLength: 2 }),
  Resource: fc.uniqueArray(patterns, { minLength: 1, maxLength: 2 }),
});
const policies = fc.array(statements, { maxLength: 5 });
const rights = fc.record({ action: actions, resource: texts });

describe('a decision', () => {
  it('is a deny without any statement', () => {
    expect(decide([], { action: 's3:GetObject', resource: BUCKET })).toBe('implicitDeny');
  });

  it('needs an allow of that action on that resource', () => {
    const one = [allow('s3:GetObject', `${BUCKET}/state/*`)];
    expect(decide(one, { action: 's3:GetObject', resource: `${BUCKET}/state/a/b` })).toBe('allowed');
    expect(decide(one, { action: 's3:GetObject', resource: `${BUCKET}/records/a` })).toBe('implicitDeny');
    expect(decide(one, { action: 's3:GetObjectVersion', resource: `${BUCKET}/state/a` })).toBe(
      'implicitDeny',
    );
  });

  it('is what any deny says that matches, else what any allow says, whatever their order', () => {
    fc.assert(
      fc.property(policies, rights, (all, right) => {
        const matching = all.filter(
          ({ Action, Resource }) =>
            Action.some((pattern) => isLike(pattern, right.action)) &&
            Resource.some((pattern) => isLike(pattern, right.resource)),
        );
        const effects = new Set(matching.map(({ Effect }) => Effect));
        const expected = effects.has('Deny')
          ? 'explicitDeny'
          : effects.has('Allow')
            ? 'allowed'
            : 'implicitDeny';
        expect(decide(all, right)).toBe(expected);
        expect(decide(all.toReversed(), right)).toBe(expected);
      }),
    );
  });

  it('does not depend on what was decided before', () => {
    fc.assert(
      fc.property(policies, fc.array(rights, { minLength: 2, maxLength: 6 }), (all, asked) => {
        const policy = policyOf(all);
        expect(asked.map(policy)).toEqual(asked.map((right) => decide(all, right)));
      }),
    );
  });

  it('knows actions in any case, and resources in their own', () => {
    const one = [allow('S3:getobject', BUCKET)];
    expect(decide(one, { action: 's3:GetObject', resource: BUCKET })).toBe('allowed');
    expect(decide(one, { action: 's3:GetObject', resource: BUCKET.toUpperCase() })).toBe('implicitDeny');
  });
});

describe('a condition', () => {
  const list = (operator: string, values: string | string[]): Statement => ({
    ...allow('s3:ListBucket', BUCKET),
    Condition: { [operator]: { 's3:prefix': values } },
  });
  const listing = (prefix?: string): Right => ({
    action: 's3:ListBucket',
    resource: BUCKET,
    ...(prefix !== undefined && { context: { 's3:prefix': prefix } }),
  });

  it.each([
    ['StringLike', ['state/a/*', 'state/b/*'], 'state/b/c', 'allowed'],
    ['StringLike', ['state/a/*'], 'state/b/c', 'implicitDeny'],
    ['StringLike', ['state/a/*'], undefined, 'implicitDeny'],
    ['StringLikeIfExists', ['state/a/*'], undefined, 'allowed'],
    ['StringLikeIfExists', ['state/a/*'], 'state/', 'implicitDeny'],
    ['StringEquals', 'a*', 'a*', 'allowed'],
    ['StringEquals', 'a*', 'ab', 'implicitDeny'],
    ['ArnEquals', 'arn:aws:ecs:*', 'arn:aws:ecs:x', 'allowed'],
  ])('%s %s with %s: %s', (operator, values, prefix, expected) => {
    expect(decide([list(operator, values)], listing(prefix))).toBe(expected);
  });

  it('has to hold in each of its keys and operators', () => {
    const both: Statement = {
      ...allow('ecs:RunTask', '*'),
      Condition: { StringEquals: { a: '1', b: '2' }, StringLike: { c: '3*' } },
    };
    const context = { a: '1', b: '2', c: '34' };
    const right = { action: 'ecs:RunTask', resource: 'x' };
    expect(decide([both], { ...right, context })).toBe('allowed');
    for (const key of ['a', 'b', 'c'])
      expect(decide([both], { ...right, context: { ...context, [key]: 'other' } })).toBe('implicitDeny');
  });
});

it.each<[string, object]>([
  ['an element', { NotAction: 's3:GetObject' }],
  ['an operator', { Condition: { DateLessThan: { 'aws:CurrentTime': '2030' } } }],
  ['a variable', { Resource: 'arn:aws:s3:::bucket/$' + '{aws:username}' }],
])('%s that is not offered is refused, and not passed over', (_what, more) => {
  expect(() => policyOf([{ ...allow('s3:GetObject', BUCKET), ...more }])).toThrow('not offered here');
});
