import { execFile } from 'node:child_process';
import process from 'node:process';
import { parseArgs, promisify } from 'node:util';

/**
 * `npm run redrive`: puts messages of records that were not moved, or of events that a webhook did not take, back into
 * their queue. Exit codes: 0, 1, 2 (usage).
 */
const USAGE = `usage: npm run redrive -- [--stack NAME] [--webhook N] [--region REGION] [--profile PROFILE]
  --stack NAME   the CloudFormation stack; StreamRecorder by default
  --webhook N    what this endpoint of the property webhooks did not take, counted from 0; records by default
needs the AWS CLI, and the rights cloudformation:DescribeStacks, sqs:StartMessageMoveTask, sqs:ReceiveMessage,
sqs:DeleteMessage, sqs:GetQueueAttributes (dead-letter queue) and sqs:SendMessage (queue)`;

/** Runs the AWS CLI with these arguments. @returns its standard output */
export type RunAws = (args: readonly string[]) => Promise<string>;

export interface RedriveResult {
  readonly exitCode: 0 | 1 | 2;
  readonly output: string;
}

const text = { type: 'string' } as const;

export async function redrive(args: readonly string[], aws: RunAws): Promise<RedriveResult> {
  let options: { stack?: string; webhook?: string; region?: string; profile?: string; help?: boolean };
  try {
    const parsed = parseArgs({
      args: [...args],
      options: {
        stack: text,
        webhook: text,
        region: text,
        profile: text,
        help: { type: 'boolean', short: 'h' },
      },
    });
    options = parsed.values;
  } catch (error) {
    return { exitCode: 2, output: `${(error as Error).message}\n${USAGE}` };
  }
  if (options.help === true) return { exitCode: 0, output: USAGE };
  const { stack = 'StreamRecorder', webhook, region, profile } = options;
  if (webhook !== undefined && !/^\d+$/.test(webhook)) {
    return { exitCode: 2, output: `--webhook must be a number from 0 on\n${USAGE}` };
  }
  const name = webhook === undefined ? 'DeadLetterQueueArn' : `Webhook${webhook}DeadLetterQueueArn`;
  const place = [
    ...(region === undefined ? [] : ['--region', region]),
    ...(profile === undefined ? [] : ['--profile', profile]),
  ];
  const run = (...command: string[]): Promise<string> => aws([...command, ...place, '--output', 'text']);
  try {
    const query = `Stacks[0].Outputs[?OutputKey=='${name}'].OutputValue`;
    const found = await run('cloudformation', 'describe-stacks', '--stack-name', stack, '--query', query);
    const arn = found.trim();
    if (!arn.startsWith('arn:')) {
      return { exitCode: 1, output: `The stack ${stack} has no output ${name}.` };
    }
    const handle = await run('sqs', 'start-message-move-task', '--source-arn', arn);
    const output = `The messages of ${arn} go back to their queue. Follow it with:
  aws sqs list-message-move-tasks --source-arn ${[arn, ...place].join(' ')}
task ${handle.trim()}`;
    return { exitCode: 0, output };
  } catch (error) {
    return { exitCode: 1, output: (error as Error).message };
  }
}

if (import.meta.main) {
  const { exitCode, output } = await redrive(process.argv.slice(2), async (args) => {
    const { stdout } = await promisify(execFile)('aws', [...args]);
    return stdout;
  });
  (exitCode === 0 ? process.stdout : process.stderr).write(`${output}\n`);
  process.exitCode = exitCode;
}
