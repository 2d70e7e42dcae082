import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Match } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import type { StreamRecorderProps } from '../../../infra/construct/streamRecorder.ts';
import { aliveScript, HOST_TASK, RECORDER_TASK } from '../../../infra/wiring.ts';
import { appsForTests, only, synthesize } from './stacks.ts';

appsForTests();

interface TaskDefinition {
  readonly Cpu: string;
  readonly Memory: string;
  readonly TaskRoleArn: { readonly 'Fn::GetAtt': readonly [string, string] };
  readonly ContainerDefinitions: readonly {
    readonly Name: string;
    readonly Command: readonly string[];
    readonly HealthCheck?: { readonly Command: readonly string[] };
    readonly Environment: readonly { readonly Name: string; readonly Value: unknown }[];
  }[];
}

describe('hosts', () => {
  let template: ReturnType<typeof synthesize>;
  let task: TaskDefinition;
  beforeAll(() => {
    template = synthesize({ hosts: { max: 5 }, capacityProviders: ['FARGATE_SPOT', 'FARGATE'] });
    task = only<TaskDefinition>(template, 'AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [Match.objectLike({ Name: HOST_TASK.containerName })],
    }).properties;
  });

  it('are a service that no deployment resets, and that ends no host to balance zones', () => {
    const { properties } = only<{ DesiredCount?: number }>(template, 'AWS::ECS::Service', {
      AvailabilityZoneRebalancing: 'DISABLED',
      DeploymentConfiguration: {
        MinimumHealthyPercent: 100,
        MaximumPercent: 200,
        DeploymentCircuitBreaker: { Enable: true, Rollback: true },
      },
      NetworkConfiguration: { AwsvpcConfiguration: { AssignPublicIp: 'ENABLED' } },
    });
    expect(properties.DesiredCount).toBeUndefined();
  });

  it('stand on demand, and on Spot beyond that where it is asked for', () => {
    template.hasResourceProperties('AWS::ECS::Service', {
      CapacityProviderStrategy: [
        { CapacityProvider: 'FARGATE', Base: 2, Weight: 0 },
        { CapacityProvider: 'FARGATE_SPOT', Weight: 1 },
      ],
    });
  });

  it('are as many as their room asks for', () => {
    template.hasResourceProperties('AWS::ApplicationAutoScaling::ScalableTarget', {
      MinCapacity: 2,
      MaxCapacity: 5,
      ScalableDimension: 'ecs:service:DesiredCount',
    });
    template.hasResourceProperties('AWS::ApplicationAutoScaling::ScalingPolicy', {
      TargetTrackingScalingPolicyConfiguration: Match.objectLike({
        TargetValue: 60,
        CustomizedMetricSpecification: {
          Namespace: 'StreamRecorder',
          MetricName: HOST_TASK.loadMetric,
          Dimensions: [{ Name: 'source', Value: 'host' }],
          Statistic: 'Average',
        },
      }),
    });
  });

  it('are well as long as they look for recordings', () => {
    const HealthCheck = task.ContainerDefinitions[0]?.HealthCheck;
    expect(HealthCheck).toMatchObject({ Interval: 30, Retries: 3, StartPeriod: 60 });
    expect(HealthCheck?.Command.slice(0, 3)).toEqual(['CMD', '/usr/bin/setpriv', '--reuid=1000']);
    expect(HealthCheck?.Command.slice(-4)).toEqual(['--', '/usr/bin/node', '-e', aliveScript('/spool')]);
    const folder = mkdtempSync(path.join(tmpdir(), 'alive-'));
    const exitCode = () =>
      spawnSync(process.execPath, ['-e', aliveScript(folder)], { stdio: 'ignore' }).status;
    expect(exitCode()).toBe(1);
    writeFileSync(path.join(folder, 'alive'), '');
    expect(exitCode()).toBe(0);
    const minuteAgo = Date.now() / 1000 - 61;
    utimesSync(path.join(folder, 'alive'), minuteAgo, minuteAgo);
    expect(exitCode()).toBe(1);
    rmSync(folder, { recursive: true });
  });

  it('run the image as a host, and know their size', () => {
    const [container] = task.ContainerDefinitions;
    expect(container?.Command).toEqual(['host']);
    const variables = Object.fromEntries(
      (container?.Environment ?? []).map(({ Name, Value }) => [Name, Value]),
    );
    expect(Object.keys(variables)).toEqual(expect.arrayContaining(Object.keys(HOST_TASK.environment)));
    expect(variables).toMatchObject({
      ...RECORDER_TASK.processEnvironment,
      HOST_CPU_UNITS: task.Cpu,
      HOST_MEMORY_MB: task.Memory,
      MAX_RECORDINGS: '40',
    });
  });

  it('may do what the wiring says', () => {
    const [role] = task.TaskRoleArn['Fn::GetAtt'];
    const policies = Object.values(
      template.findResources('AWS::IAM::Policy', { Properties: { Roles: [{ Ref: role }] } }),
    );
    const actions = policies.flatMap(({ Properties }) =>
      (Properties.PolicyDocument.Statement as { readonly Action: string | string[] }[]).flatMap(
        ({ Action }) => Action,
      ),
    );
    // This deployment names no secrets of sources.
    const granted = HOST_TASK.grants.flatMap((grant): readonly string[] => {
      if (grant.on === 'sourceSecrets') return [];
      return 'list' in grant ? ['s3:ListBucket'] : grant.actions;
    });
    expect(new Set(actions)).toEqual(new Set(granted));
  });

  it('are asked by the functions, and those that are of an earlier deployment are found', () => {
    const variables = Object.values(template.findResources('AWS::Lambda::Function')).map(
      ({ Properties }) => (Properties.Environment?.Variables ?? {}) as Record<string, unknown>,
    );
    const valuesOf = (name: string) => variables.flatMap((one) => (name in one ? [one[name]] : []));
    for (const name of ['ASSIGNMENTS_QUEUE_URL', 'HOSTS_SERVICE']) {
      expect(valuesOf(name).length).toBeGreaterThan(0);
      expect(valuesOf(name)).not.toContain('none');
    }
  });

  it('ring when they are full, and when there is none', () => {
    const names = Object.keys(template.findResources('AWS::CloudWatch::Alarm')).join();
    expect(names).toContain('HostsFull');
    expect(names).toContain('HostsNotRunning');
  });

  it.each<[StreamRecorderProps['hosts'], string]>([
    [{ min: 0 }, 'hosts.min: must be a whole number, at least 1'],
    [{ min: 3, max: 2 }, 'hosts.max: must be a whole number, at least hosts.min (3)'],
    [{ maxRecordings: 0.5 }, 'hosts.maxRecordings: must be a whole number'],
  ])('%j is refused', (hosts, message) => {
    expect(() => synthesize(hosts === undefined ? {} : { hosts })).toThrow(message);
  });
});

it('without hosts there is no service, and nobody asks one', () => {
  const template = synthesize();
  template.resourceCountIs('AWS::ECS::Service', 0);
  template.hasResourceProperties('AWS::Lambda::Function', {
    Environment: { Variables: Match.objectLike({ ASSIGNMENTS_QUEUE_URL: 'none' }) },
  });
});
