import { describe, expect, it } from 'vitest';
import { type RunAws, removal } from '../../infra/removal.ts';
import { appsForTests, synthesize } from './construct/stacks.ts';

appsForTests();

/** A deployed stack as the AWS CLI shows it. @param tasks that run */
function deployed(tasks: readonly string[]): { calls: string[]; aws: RunAws } {
  const template = synthesize().toJSON() as { Resources: Record<string, { Type: string }> };
  const answers: Readonly<Record<string, object>> = {
    'cloudformation get-template': { TemplateBody: template },
    'cloudformation list-stack-resources': {
      StackResourceSummaries: Object.entries(template.Resources).map(([id, { Type }]) => ({
        LogicalResourceId: id,
        ResourceType: Type,
        PhysicalResourceId: `my-${id.toLowerCase()}`,
      })),
    },
    'ecs list-tasks': { taskArns: tasks },
  };
  const calls: string[] = [];
  return {
    calls,
    aws: async (args) => {
      calls.push(args.join(' '));
      const answer = answers[args.slice(0, 2).join(' ')];
      if (answer === undefined) throw new Error('AccessDenied');
      return JSON.stringify(answer);
    },
  };
}

describe('removal', () => {
  it('says what stays of a stack, what goes, and what runs; and asks for nothing but to read', async () => {
    const { calls, aws } = deployed(['arn:aws:ecs:eu-west-1:1:task/mine/1']);
    const { exitCode, output } = await removal(['--stack', 'Mine', '--region', 'eu-west-1'], aws);
    expect(exitCode).toBe(0);
    const [running = '', stays = '', goes = ''] = output.split('\n\n');
    expect(running).toContain('task/mine/1');
    expect(stays.match(/AWS::S3::Bucket my-\S+/g)).toHaveLength(2);
    expect(stays).not.toMatch(/Queue|LogGroup|Cluster/);
    expect(stays).toMatch(/aws s3 rb s3:\/\/my-\S+ --force --region eu-west-1/);
    expect(goes).toMatch(/\d+ × AWS::SQS::Queue, and the messages in them/);
    expect(goes).toMatch(/\d+ × AWS::Logs::LogGroup, and the lines in them/);
    expect(goes).not.toContain('AWS::S3::Bucket\n');
    expect(calls.map((call) => call.split(' ').slice(0, 2).join(' '))).toEqual([
      'cloudformation get-template',
      'cloudformation list-stack-resources',
      'ecs list-tasks',
    ]);
  });

  it('says so when nothing runs', async () => {
    expect((await removal([], deployed([]).aws)).output).toContain('Nothing runs');
  });

  it('says so when it is refused, or called in another way', async () => {
    expect(await removal([], () => Promise.reject(new Error('AccessDenied')))).toEqual({
      exitCode: 1,
      output: 'AccessDenied',
    });
    expect(await removal(['--delete'], deployed([]).aws)).toMatchObject({ exitCode: 2 });
  });
});
