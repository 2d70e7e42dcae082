import { Match, Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { MyStreamingStack } from '../../../examples/own-stack/myStreamingStack.ts';
import { appsForTests, only, testApp } from './stacks.ts';

appsForTests();

describe('examples/own-stack', () => {
  let template: Template;
  beforeAll(() => {
    template = Template.fromStack(new MyStreamingStack(testApp(), 'MyStreaming'));
  });

  it("runs the user's function for each record in the library", () => {
    const bus = only<object>(template, 'AWS::Events::EventBus');
    const onRecord = Object.keys(template.findResources('AWS::Lambda::Function')).filter((id) =>
      id.startsWith('OnRecord'),
    );
    expect(onRecord).toHaveLength(1);
    template.hasResourceProperties('AWS::Events::Rule', {
      EventBusName: { Ref: bus.id },
      EventPattern: { source: ['stream-recorder'], 'detail-type': ['Record Available'] },
      Targets: [Match.objectLike({ Arn: { 'Fn::GetAtt': [onRecord[0], 'Arn'] } })],
    });
  });

  it('names records by its own templates', () => {
    const withVariable = (variables: Record<string, unknown>) =>
      Object.values(
        template.findResources('AWS::Lambda::Function', {
          Properties: { Environment: { Variables: Match.objectLike(variables) } },
        }),
      );
    // Whoever records, and whoever composes merges.
    expect(withVariable({ CAPACITY_PROVIDERS: 'FARGATE_SPOT,FARGATE' })).toHaveLength(2);
    const defaults = withVariable({ RECORDING_DEFAULTS: Match.anyValue() }).map((starter) =>
      JSON.parse(String(starter.Properties.Environment.Variables.RECORDING_DEFAULTS)),
    );
    expect(defaults.length).toBeGreaterThan(0);
    for (const one of defaults) {
      expect(one).toMatchObject({
        names: { fileTemplate: '{streamName}-{startTime}' },
        rotation: { kind: 'time', everyMs: 3_600_000 },
      });
    }
  });

  it('lets callers into the API by a policy', () => {
    template.hasResourceProperties('AWS::IAM::ManagedPolicy', {
      PolicyDocument: Match.objectLike({
        Statement: [Match.objectLike({ Action: 'execute-api:Invoke', Effect: 'Allow' })],
      }),
    });
  });
});
