import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, it } from 'vitest';
import { progressMetrics } from '../../../container/attempt/heartbeat.ts';
import { Alarms } from '../../../infra/construct/alarms.ts';
import { OWN_METRICS } from '../../../infra/construct/metrics.ts';
import { appsForTests, readable, testApp } from './stacks.ts';

appsForTests();

interface AlarmProperties {
  readonly MetricName: string;
  readonly ComparisonOperator: string;
  readonly EvaluationPeriods: number;
  readonly Period: number;
  readonly Threshold: number;
  readonly TreatMissingData: string;
  readonly Dimensions: readonly { readonly Value: unknown }[];
  readonly AlarmActions?: unknown;
}

const stack = new Stack(testApp(), 'Test');
const queue = (id: string) => new Queue(stack, id);
const named = (name: string) => LambdaFunction.fromFunctionName(stack, name, name);
const alarms = new Alarms(stack, 'Alarms', {
  deadLetterQueue: queue('DeadLetters'),
  relocationQueue: queue('Relocation'),
  clipsQueue: queue('Clips'),
  functions: {
    relocate: named('relocate'),
    taskStopped: named('taskStopped'),
    settle: named('settle'),
    reconcile: named('reconcile'),
    launch: named('launch'),
    cut: named('cut'),
  },
  serverErrors: new Metric({ namespace: 'AWS/ApiGateway', metricName: '5xx' }),
  spoolMaxBytes: 1_000,
  hasHosts: true,
  notDelivered: {
    events: queue('Undelivered'),
    onRecord: queue('NotTaken'),
    onRecordScript: queue('NotRun'),
  },
  webhooks: [queue('NotTold')],
  topic: new Topic(stack, 'Topic'),
});
const template = Template.fromStack(stack);
const found = Object.entries(template.findResources('AWS::CloudWatch::Alarm'));
const all = found.map(([, { Properties }]) => Properties as AlarmProperties);
const composites = Object.values(template.findResources('AWS::CloudWatch::CompositeAlarm')).map(
  ({ Properties }) => Properties as { readonly AlarmRule: unknown; readonly AlarmActions: unknown[] },
);
const RINGING = alarms.ringing.map(({ node }) => node.id);
const NAMES = alarms.node.children.map(({ node }) => node.id).filter((name) => !RINGING.includes(name));
const runbook = readFileSync(path.resolve(import.meta.dirname, '../../../docs/operations.md'), 'utf8');
const withMetric = (name: string): AlarmProperties | undefined =>
  all.find(({ MetricName }) => MetricName === name);

describe('alarms', () => {
  it.each(NAMES)('%s has a section in docs/operations.md', (name) => {
    expect(runbook).toContain(`\n### ${name}\n`);
  });

  it('have sections that are about alarms which there are', () => {
    const [, ofAlarms = ''] = /\n## Alarms\n([\s\S]*?)\n## /.exec(runbook) ?? [];
    const sections = [...ofAlarms.matchAll(/^### (\w+)$/gm)].map(([, name]) => name);
    expect(sections.sort()).toEqual([...NAMES].sort());
    for (const name of RINGING) expect(ofAlarms).toContain(`| \`${name}\` |`);
  });

  it('ring together, each in one group, and only the groups ring', () => {
    const grouped = composites.flatMap(({ AlarmRule }) =>
      [...readable(AlarmRule).matchAll(/ALARM\(\\?"?<(\w+)\.Arn>/g)].map(([, id]) => id),
    );
    expect(grouped.sort()).toEqual(found.map(([id]) => id).sort());
    for (const { AlarmActions } of composites) expect(AlarmActions).toHaveLength(1);
    for (const { AlarmActions } of all) expect(AlarmActions).toBeUndefined();
  });

  it.each(['taskStopped', 'settle', 'launch', 'relocate', 'reconcile', 'cut'])(
    'go off when %s fails',
    (name) => {
      const own = all.filter(
        ({ MetricName, Dimensions }) => MetricName === 'Errors' && JSON.stringify(Dimensions).includes(name),
      );
      expect(own).toHaveLength(1);
      expect(own[0]).toMatchObject({
        ComparisonOperator: 'GreaterThanOrEqualToThreshold',
        EvaluationPeriods: ['reconcile', 'cut'].includes(name) ? 3 : 1,
        TreatMissingData: 'notBreaching',
      });
    },
  );

  it('go off when reconcile is not called at all, which leaves no data', () => {
    expect(withMetric('Invocations')).toMatchObject({
      ComparisonOperator: 'LessThanThreshold',
      TreatMissingData: 'breaching',
      Period: 1_800,
    });
  });

  it('go off for a recording that failed by our fault, and for a spool that is half full', () => {
    expect(withMetric('recording.recorderFailed')).toMatchObject({
      Threshold: 1,
      TreatMissingData: 'notBreaching',
    });
    expect(withMetric('recorder.spoolBytes')).toMatchObject({ Threshold: 500 });
  });

  it('go off before the quota of vCPUs is reached, by what AWS counts of it', () => {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      Threshold: 80,
      TreatMissingData: 'notBreaching',
      Metrics: [
        { Expression: '100 * usage / SERVICE_QUOTA(usage)' },
        {
          Id: 'usage',
          ReturnData: false,
          MetricStat: {
            Metric: {
              Namespace: 'AWS/Usage',
              MetricName: 'ResourceCount',
              Dimensions: [
                { Name: 'Class', Value: 'Standard/OnDemand' },
                { Name: 'Resource', Value: 'vCPU' },
                { Name: 'Service', Value: 'Fargate' },
                { Name: 'Type', Value: 'Resource' },
              ],
            },
          },
        },
      ],
    });
  });

  it('go off for a clip that nobody makes, as for a record that nobody moves', () => {
    const ages = all.filter(({ MetricName }) => MetricName === 'ApproximateAgeOfOldestMessage');
    expect(ages.map(({ Threshold }) => Threshold)).toEqual([1_800, 1_800]);
  });

  it('and the dashboard read what a heartbeat says', () => {
    const progress = {
      atMs: 0,
      attempt: 1,
      part: 1,
      bytes: 0,
      uploadedBytes: 0,
      durationMs: 0,
      bitrateBps: 0,
      fps: 0,
      tailAgeMs: 0,
      spoolBytes: 0,
    };
    const told = Object.keys(progressMetrics(progress));
    const { tailAgeMs, spoolBytes, heartbeats } = OWN_METRICS;
    expect(told).toEqual(
      expect.arrayContaining([tailAgeMs, spoolBytes, heartbeats].map(({ metricName }) => metricName)),
    );
  });
});
