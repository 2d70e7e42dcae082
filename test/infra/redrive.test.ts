import { expect, it } from 'vitest';
import { type RunAws, redrive } from '../../infra/redrive.ts';

const ARN = 'arn:aws:sqs:eu-west-1:000000000000:dead';

function recorded(answers: Readonly<Record<string, string>>): { calls: string[]; aws: RunAws } {
  const calls: string[] = [];
  const aws: RunAws = async (args) => {
    calls.push(args.join(' '));
    const answer = answers[args.slice(0, 2).join(' ')];
    if (answer === undefined) throw new Error('AccessDenied');
    return answer;
  };
  return { calls, aws };
}

it("moves the messages of the stack's dead-letter queue back", async () => {
  const { calls, aws } = recorded({
    'cloudformation describe-stacks': `${ARN}\n`,
    'sqs start-message-move-task': 'handle\n',
  });
  const { exitCode, output } = await redrive(['--stack', 'Mine', '--region', 'eu-west-1'], aws);
  expect(exitCode).toBe(0);
  expect(output).toContain(ARN);
  expect(calls).toEqual([
    expect.stringContaining('--stack-name Mine'),
    `sqs start-message-move-task --source-arn ${ARN} --region eu-west-1 --output text`,
  ]);
});

it.each([
  ['it is no number', {}, ['--webhook', 'x'], 2, /--webhook must be a number/],
  [
    'the stack has no such webhook',
    { 'cloudformation describe-stacks': '\n' },
    ['--webhook', '1'],
    1,
    /no output Webhook1DeadLetterQueueArn/,
  ],
  [
    'the stack has no such queue',
    { 'cloudformation describe-stacks': '\n' },
    [],
    1,
    /no output DeadLetterQueueArn/,
  ],
  ['the CLI is refused', {}, [], 1, /AccessDenied/],
  ['it is called in another way', {}, ['--what'], 2, /usage: npm run redrive/],
] as const)('says so when %s', async (_what, answers, args, exitCode, message) => {
  const { calls, aws } = recorded(answers);
  const result = await redrive(args, aws);
  expect(result.exitCode).toBe(exitCode);
  expect(result.output).toMatch(message);
  expect(calls.filter((call) => call.startsWith('sqs'))).toEqual([]);
});
