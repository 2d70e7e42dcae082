import { execFile } from 'node:child_process';
import process from 'node:process';
import { parseArgs, promisify } from 'node:util';
import * as z from 'zod/mini';

/**
 * `npm run removal`: says what `cdk destroy` would remove of a stack, what it would leave and how that is removed, and what
 * records at present. It removes nothing itself. Exit codes: 0, 1, 2 (usage).
 */
const USAGE = `usage: npm run removal -- [--stack NAME] [--region REGION] [--profile PROFILE]
  --stack NAME   the CloudFormation stack; StreamRecorder by default
changes nothing; needs the AWS CLI, and the rights cloudformation:GetTemplate, cloudformation:ListStackResources and
ecs:ListTasks`;

/** Runs the AWS CLI with these arguments. @returns its standard output */
export type RunAws = (args: readonly string[]) => Promise<string>;

export interface RemovalResult {
  readonly exitCode: 0 | 1 | 2;
  readonly output: string;
}

const templateSchema = z.object({
  TemplateBody: z.object({
    Resources: z.record(z.string(), z.object({ DeletionPolicy: z.optional(z.string()) })),
  }),
});
const resourcesSchema = z.object({
  StackResourceSummaries: z.array(
    z.object({
      LogicalResourceId: z.string(),
      ResourceType: z.string(),
      PhysicalResourceId: z.optional(z.string()),
    }),
  ),
});
const tasksSchema = z.object({ taskArns: z.array(z.string()) });

interface Resource {
  readonly type: string;
  /** Name or ARN. */
  readonly name: string;
  readonly isKept: boolean;
}

const text = { type: 'string' } as const;

export async function removal(args: readonly string[], aws: RunAws): Promise<RemovalResult> {
  let options: { stack?: string; region?: string; profile?: string; help?: boolean };
  try {
    const help = { type: 'boolean', short: 'h' } as const;
    options = parseArgs({
      args: [...args],
      options: { stack: text, region: text, profile: text, help },
    }).values;
  } catch (error) {
    return { exitCode: 2, output: `${(error as Error).message}\n${USAGE}` };
  }
  if (options.help === true) return { exitCode: 0, output: USAGE };
  const { stack = 'StreamRecorder', region, profile } = options;
  const place = [
    ...(region === undefined ? [] : ['--region', region]),
    ...(profile === undefined ? [] : ['--profile', profile]),
  ];
  const run = async (...command: string[]): Promise<unknown> =>
    JSON.parse(await aws([...command, ...place, '--output', 'json']));
  try {
    const template = templateSchema.parse(await run('cloudformation', 'get-template', '--stack-name', stack));
    const listed = resourcesSchema.parse(
      await run('cloudformation', 'list-stack-resources', '--stack-name', stack),
    );
    const policies = template.TemplateBody.Resources;
    const resources = listed.StackResourceSummaries.map(
      ({ LogicalResourceId, ResourceType, PhysicalResourceId }) => ({
        type: ResourceType,
        name: PhysicalResourceId ?? LogicalResourceId,
        isKept: policies[LogicalResourceId]?.DeletionPolicy?.startsWith('Retain') === true,
      }),
    );
    const cluster = resources.find(({ type }) => type === 'AWS::ECS::Cluster')?.name;
    const running =
      cluster === undefined
        ? undefined
        : tasksSchema.parse(await run('ecs', 'list-tasks', '--cluster', cluster));
    return { exitCode: 0, output: report(stack, resources, running?.taskArns ?? [], place) };
  } catch (error) {
    return { exitCode: 1, output: (error as Error).message };
  }
}

/** What goes with what is in it, where that is more than a setting. */
const GOES_WITH: Readonly<Record<string, string>> = {
  'AWS::Logs::LogGroup': 'and the lines in them',
  'AWS::SQS::Queue': 'and the messages in them: dead letters are records that were not moved',
  'AWS::SecretsManager::Secret': 'so that links to play recordings end',
  'AWS::ApiGatewayV2::Api': 'so that the address is another one if the stack is deployed again',
};

function report(
  stack: string,
  resources: readonly Resource[],
  tasks: readonly string[],
  place: readonly string[],
): string {
  const at = place.length === 0 ? '' : ` ${place.join(' ')}`;
  const kept = resources.filter(({ isKept }) => isKept);
  const counts = new Map<string, number>();
  for (const { type, isKept } of resources) {
    if (!isKept) counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  const running =
    tasks.length === 0
      ? ['Nothing runs: no task of recorders or hosts.']
      : [
          `${tasks.length} tasks run, recorders and hosts: stop what they record first, or it is cut off.`,
          ...tasks.map((arn) => `  ${arn}`),
        ];
  const stays = kept.flatMap(({ type, name }) => [
    `  ${type} ${name}`,
    ...(type === 'AWS::S3::Bucket' ? [`    # for good: aws s3 rb s3://${name} --force${at}`] : []),
  ]);
  return [
    ...running,
    '',
    'Stays, with everything in it, and goes on to cost what it holds:',
    ...(stays.length === 0 ? ['  nothing of this stack'] : stays),
    '  buckets that were given to the stack, and keys: they are none of its resources',
    "  the recorder's image, in CDK's own repository: npx cdk gc",
    '',
    'Goes, for good:',
    ...[...counts]
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([type, count]) => `  ${count} × ${type}${type in GOES_WITH ? `, ${GOES_WITH[type]}` : ''}`),
    '',
    'Nothing has been changed. To do it:',
    `  npx cdk destroy ${stack}`,
    'A bucket with versions is emptied by a lifecycle rule that expires all of them, before it can be removed.',
  ].join('\n');
}

if (import.meta.main) {
  const { exitCode, output } = await removal(process.argv.slice(2), async (args) => {
    const { stdout } = await promisify(execFile)('aws', [...args], { maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  });
  (exitCode === 0 ? process.stdout : process.stderr).write(`${output}\n`);
  process.exitCode = exitCode;
}
