import { type ILogGroup, QueryDefinition, QueryString } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { RECORDING_METRICS } from '../../functions/core/metrics/recordingMetrics.ts';

const RECORDING = ['recordingId', 'mediaSessionId', 'message'];

/** What whoever is called asks first: saved queries of CloudWatch Logs Insights over all logs of a stack. */
export const QUERIES = {
  'one recording': {
    fields: ['@timestamp', 'level', 'attempt', 'part', 'message', '@log'],
    filterStatements: ['recordingId = "PUT THE ID HERE"'],
    sort: '@timestamp asc',
    limit: 1_000,
  },
  'errors by message': {
    filterStatements: ['level = "ERROR"'],
    statsStatements: [
      'count(*) as times, max(@timestamp) as last by message, error.name, error.message, @log',
    ],
    sort: 'times desc',
    limit: 100,
  },
  'recordings that failed': {
    fields: ['@timestamp', ...RECORDING],
    filterStatements: [`ispresent(\`${RECORDING_METRICS.failed}\`)`],
    sort: '@timestamp desc',
    limit: 100,
  },
  'slowest starts': {
    fields: ['@timestamp', ...RECORDING, `\`${RECORDING_METRICS.startLatencyMs}\` as startLatencyMs`],
    filterStatements: [`ispresent(\`${RECORDING_METRICS.startLatencyMs}\`)`],
    sort: 'startLatencyMs desc',
    limit: 50,
  },
  'what was lost': {
    fields: ['@timestamp', ...RECORDING, `\`${RECORDING_METRICS.lostMs}\` as lostMs`],
    filterStatements: [`ispresent(\`${RECORDING_METRICS.lostMs}\`)`],
    sort: 'lostMs desc',
    limit: 100,
  },
  'requests that were refused': {
    filterStatements: ['message = "request refused"'],
    statsStatements: ['count(*) as times by code, field, status'],
    sort: 'times desc',
    limit: 50,
  },
} as const;

/** Named after the stack, so that those of two deployments stand beside each other. */
export class Queries extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { name, logGroups }: { readonly name: string; readonly logGroups: readonly ILogGroup[] },
  ) {
    super(scope, id);
    for (const [title, query] of Object.entries(QUERIES)) {
      new QueryDefinition(this, title.replaceAll(' ', '-'), {
        queryDefinitionName: `${name}/${title}`,
        queryString: new QueryString({
          ...('fields' in query ? { fields: [...query.fields] } : {}),
          ...('statsStatements' in query ? { statsStatements: [...query.statsStatements] } : {}),
          filterStatements: [...query.filterStatements],
          sort: query.sort,
          limit: query.limit,
        }),
        logGroups: [...logGroups],
      });
    }
  }
}
