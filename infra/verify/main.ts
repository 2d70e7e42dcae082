import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { ECSClient } from '@aws-sdk/client-ecs';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { connect } from '../../clients/cli/connect.ts';
import { outputsOfStack } from '../../clients/cli/stack.ts';
import { type Check, report, runChecks, Undo, type Verdict, verdictLine } from './check.ts';
import type { VerifyContext } from './context.ts';
import { redriveCheck } from './delivery.ts';
import { multipartChecks } from './multipart.ts';
import { apiChecks, recordingChecks } from './recording.ts';
import { deploymentOf, outputsInFile } from './stackOutputs.ts';
import { removeProbes, storageChecks } from './storage.ts';

/**
 * `npm run verify`: proves in a deployment what this project assumes of AWS (docs/aws-facts.md), and ends with a report
 * to paste. Exit codes: 0, 1 (something failed), 2 (usage).
 */
const USAGE = `usage: npm run verify -- [--stack NAME] [--outputs FILE] [--authorization VALUE]
  --stack NAME           the CloudFormation stack; StreamRecorder by default
  --outputs FILE         its outputs, as cdk deploy --outputs-file wrote them, and CloudFormation is not asked
  --authorization VALUE  of each request, for an API that does not take signatures of AWS: "Basic …", "Bearer …"
Region, credentials and endpoints are the SDK's own (AWS_REGION, AWS_PROFILE, …). It records for some seconds, takes about
five minutes, costs less than a cent, and needs the rights of an administrator. It removes what it makes.`;

export function allChecks(context: VerifyContext): Check[] {
  return [
    ...storageChecks(context),
    ...multipartChecks(context),
    ...apiChecks(context),
    ...recordingChecks(context),
    redriveCheck(context),
  ];
}

const text = { type: 'string' } as const;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { stack: text, outputs: text, authorization: text, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help === true) {
    console.log(USAGE);
    return 0;
  }
  const { stack = 'StreamRecorder', outputs: file, authorization } = values;
  const outputs =
    file === undefined ? await outputsOfStack(stack) : outputsInFile(readFileSync(file, 'utf8'), stack);
  const s3 = new S3Client();
  const region = await s3.config.region();
  const deployment = deploymentOf(outputs);
  const undo = new Undo();
  const context: VerifyContext = {
    deployment,
    runId: `stream-recorder-verify-${randomBytes(6).toString('hex')}`,
    s3,
    ecs: new ECSClient(),
    events: new EventBridgeClient(),
    sqs: new SQSClient(),
    api: connect(
      deployment.apiUrl,
      authorization === undefined ? { kind: 'sigv4', region } : { kind: 'header', value: authorization },
    ),
    undo,
  };
  undo.later('objects', () => removeProbes(context));
  const interruption = new AbortController();
  process.once('SIGINT', () => interruption.abort());

  const beganAt = new Date();
  const tell = (verdict: Verdict): void => console.log(verdictLine(verdict));
  const verdicts = await runChecks(allChecks(context), undo, tell, interruption.signal);
  const facts = { stack, region, at: beganAt.toISOString(), run: context.runId };
  console.log(`\nThe report, to be pasted:\n\n${report(verdicts, facts)}`);
  return interruption.signal.aborted || verdicts.some(({ result }) => result === 'FAILED') ? 1 : 0;
}

if (import.meta.main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isUsage = code?.startsWith('ERR_PARSE_ARGS') === true;
    process.stderr.write(`${message}\n${isUsage ? `${USAGE}\n` : ''}`);
    process.exitCode = isUsage ? 2 : 1;
  }
}
