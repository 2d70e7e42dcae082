import { Duration, Stack } from 'aws-cdk-lib';
import type { HttpStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { FunctionName } from '../wiring.ts';
import { Alarms, type AlarmsProps } from './alarms.ts';
import type { Functions } from './functions.ts';
import { OperationsDashboard } from './operationsDashboard.ts';
import { Queries } from './queries.ts';

export interface OperationsProps extends Omit<AlarmsProps, 'functions' | 'serverErrors' | 'clipsQueue'> {
  readonly functions: Functions['all'];
  readonly queues: Readonly<Record<string, IQueue>> & { readonly clips: IQueue };
  readonly stage: HttpStage;
  readonly clusterName: string;
}

/** How a deployment is seen: alarms, one dashboard, saved queries over its logs. */
export class Operations extends Construct {
  constructor(scope: Construct, id: string, props: OperationsProps) {
    super(scope, id);
    const { functions, queues, relocationQueue, deadLetterQueue, stage, hasHosts, clusterName } = props;
    const period = Duration.minutes(5);
    const serverErrors = stage.metricServerError({ period, statistic: 'Sum' });
    const { ringing } = new Alarms(this, 'Alarms', {
      ...props,
      functions,
      serverErrors,
      clipsQueue: queues.clips,
    });
    new OperationsDashboard(this, 'Operations', {
      alarms: ringing,
      clusterName,
      functions: functions satisfies Record<FunctionName, unknown>,
      queues: { ...queues, relocation: relocationQueue },
      deadLetterQueue,
      api: {
        counts: [
          stage.metricCount({ statistic: 'Sum' }),
          stage.metricClientError({ statistic: 'Sum' }),
          serverErrors,
        ],
        latency: ['p50', 'p99'].map((statistic) => stage.metricLatency({ statistic, label: statistic })),
      },
      hasHosts,
    });
    new Queries(this, 'Queries', {
      name: Stack.of(this).stackName,
      logGroups: scope.node.findAll().filter((one) => one instanceof LogGroup),
    });
  }
}
