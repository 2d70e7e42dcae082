import { readFileSync } from 'node:fs';
import path from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, it } from 'vitest';
import { Alarms } from '../../../infra/construct/alarms.ts';

interface AlarmProperties {
  readonly MetricName: string;
  readonly ComparisonOperator: string;
  readonly EvaluationPeriods: number;
  readonly Period: number;
  readonly TreatMissingData: string;
  readonly Dimensions: readonly { readonly Value: unknown }[];
}

const stack = new Stack(new App(), 'Test');
const queue = (id: string) => new Queue(stack, id);
const named = (name: string) => LambdaFunction.fromFunctionName(stack, name, name);
const alarms = new Alarms(stack, 'Alarms', {
  deadLetterQueue: queue('DeadLetters'),
  functions: {
    relocate: named('relocate'),
    taskStopped: named('taskStopped'),
    reconcile: named('reconcile'),
    launch: named('launch'),
  },
  hosts: new Metric({ namespace: 'StreamRecorder', metricName: 'host.loadPercent' }),
  notDelivered: { onRecord: queue('NotTaken'), onRecordScript: queue('NotRun') },
  webhooks: [queue('NotTold')],
  topic: undefined,
});
const all = Object.values(Template.fromStack(stack).findResources('AWS::CloudWatch::Alarm')).map(
  ({ Properties }) => Properties as AlarmProperties,
);

const NAMES = alarms.node.children.map(({ node }) => node.id);

describe('alarms', () => {
  it.each(NAMES)('%s has a section in docs/operations.md', (name) => {
    const text = readFileSync(path.resolve(import.meta.dirname, '../../../docs/operations.md'), 'utf8');
    expect(text).toContain(`\n### ${name}\n`);
  });

  it.each(['taskStopped', 'launch', 'relocate', 'reconcile'])('go off when %s fails', (name) => {
    const own = all.filter(
      ({ MetricName, Dimensions }) => MetricName === 'Errors' && JSON.stringify(Dimensions).includes(name),
    );
    expect(own).toHaveLength(1);
    expect(own[0]).toMatchObject({
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      EvaluationPeriods: name === 'reconcile' ? 3 : 1,
      TreatMissingData: 'notBreaching',
    });
  });

  it('go off when reconcile is not called at all, which leaves no data', () => {
    const [silent, ...others] = all.filter(({ MetricName }) => MetricName === 'Invocations');
    expect(others).toEqual([]);
    expect(silent).toMatchObject({
      ComparisonOperator: 'LessThanThreshold',
      TreatMissingData: 'breaching',
      Period: 1_800,
    });
  });
});
