import { Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { expect, it } from 'vitest';
import { StreamRecorder } from '../../../infra/construct/streamRecorder.ts';
import { appsForTests, only, readable, testApp, testImage } from './stacks.ts';

appsForTests();

function templateOf(url: string): Template {
  const stack = new Stack(testApp(), 'Own');
  const secret = new Secret(stack, 'Mine');
  const webhooks = [{ url, secret, events: ['Record Available' as const] }];
  new StreamRecorder(stack, 'Recorder', { image: testImage(), webhooks });
  return Template.fromStack(stack);
}

it('has a rule, a queue, dead letters with an alarm, and a function that reads its own secret alone', () => {
  const template = templateOf('https://hooks.example/recordings');
  const { properties } = only<{ Targets: { Arn: unknown }[]; EventPattern: unknown }>(
    template,
    'AWS::Events::Rule',
    { Description: Match.stringLikeRegexp('endpoint') as unknown as string },
  );
  expect(properties.EventPattern).toEqual({
    source: ['stream-recorder'],
    'detail-type': ['Record Available'],
  });
  const queue = readable(properties.Targets[0]?.Arn);
  expect(queue).toMatch(/^<RecorderWebhook0Queue\w+\.Arn>$/);
  template.hasResourceProperties('AWS::SQS::Queue', { RedrivePolicy: { maxReceiveCount: 11 } });
  template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    AlarmDescription: Match.stringLikeRegexp('webhooks.0'),
  });
  const policies = Object.values(template.findResources('AWS::IAM::Policy')).filter(({ Properties }) =>
    JSON.stringify(Properties.Roles).includes('Webhook0'),
  );
  const actions = JSON.stringify(policies);
  expect(actions).toContain('secretsmanager:GetSecretValue');
  expect(actions).not.toMatch(/s3:|ecs:|"sqs:SendMessage/);
});

it.each(['http://hooks.example/', 'https://10.0.0.1/', 'https://169.254.169.254/', 'rtmp://hooks.example/'])(
  'refuses %s, which is no public HTTPS',
  (url) => {
    expect(() => templateOf(url)).toThrow(/webhooks\.0\.url/);
  },
);
