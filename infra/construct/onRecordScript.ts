import { chmodSync, copyFileSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Duration, FileSystem, Size } from 'aws-cdk-lib';
import type { EventBus } from 'aws-cdk-lib/aws-events';
import { Code, LayerVersion } from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ON_RECORD_SCRIPT } from '../optionalFunctions.ts';
import { type FunctionsProps, lambdaFunction } from './functions.ts';
import { OnRecord } from './onRecord.ts';

/** An on-record script of WCS, run by a function for each record in the library. */
export interface OnRecordScriptProps {
  /** A file that begins with `#!`; it may use bash and what Amazon Linux 2023 has in Lambda. */
  readonly script: string;
  /**
   * Room for the record and for what the script makes, in MiB: 512 to 10,240.
   * @default 10240
   */
  readonly temporaryMb?: number;
  /**
   * What `$2` is for a record that does not fit: a link for an hour at most, or nothing: then the event waits in the queue.
   * @default 'fail'
   */
  readonly largerRecords?: 'fail' | 'link';
}

const [MIN_MB, MAX_MB] = [512, 10_240];
const MIB = 1024 ** 2;
/** Of the room, for the file system and for what the script makes. */
const KEPT_FREE_MB = 64;
/** Where Lambda unpacks layers, and what the script is called there. */
const [LAYER_FOLDER, SCRIPT_NAME] = ['/opt', 'on-record-script'];
/** Lambda's longest; after it an event goes to the queue. */
const MAX_EVENT_AGE = Duration.hours(6);

/** Runs a script for each record; three tries, then the event waits in a queue. */
export class OnRecordScript extends Construct {
  readonly notDelivered: IQueue;

  /** @throws Error for a file that is no script, or a room that Lambda does not have */
  constructor(
    scope: Construct,
    id: string,
    props: OnRecordScriptProps & { readonly eventBus: EventBus; readonly functionsProps: FunctionsProps },
  ) {
    super(scope, id);
    const { script, temporaryMb = MAX_MB, largerRecords = 'fail', eventBus, functionsProps } = props;
    if (!Number.isInteger(temporaryMb) || temporaryMb < MIN_MB || temporaryMb > MAX_MB) {
      throw new Error(
        `onRecordScript.temporaryMb: must be from ${MIN_MB} to ${MAX_MB}, such as ${MAX_MB}, and is ${temporaryMb}`,
      );
    }
    const handler = lambdaFunction(this, ON_RECORD_SCRIPT, {
      ...functionsProps,
      environment: {
        ON_RECORD_SCRIPT: path.posix.join(LAYER_FOLDER, SCRIPT_NAME),
        SCRIPT_FILE_MAX_BYTES: String((temporaryMb - KEPT_FREE_MB) * MIB),
        SCRIPT_LARGER_RECORDS: largerRecords,
      },
      temporaryStorage: Size.mebibytes(temporaryMb),
      layers: [
        new LayerVersion(this, 'Script', {
          description: 'The on-record script',
          code: Code.fromAsset(stagedScript(script)),
        }),
      ],
    });
    const { notDelivered } = new OnRecord(this, 'Events', { eventBus, handler });
    handler.configureAsyncInvoke({
      retryAttempts: 2,
      maxEventAge: MAX_EVENT_AGE,
      onFailure: new SqsDestination(notDelivered),
    });
    this.notDelivered = notDelivered;
  }
}

/** A folder with the script alone, executable, so that the layer changes when the script does. */
function stagedScript(script: string): string {
  if (!existsSync(script)) {
    throw new Error(`onRecordScript: there is no file ${path.resolve(script)}; such as ./on_record_hook.sh`);
  }
  if (!readFileSync(script, 'utf8').startsWith('#!')) {
    throw new Error(`onRecordScript: ${script} must begin with #!, such as #!/bin/bash`);
  }
  const folder = FileSystem.mkdtemp('on-record-script');
  const staged = path.join(folder, SCRIPT_NAME);
  copyFileSync(script, staged);
  chmodSync(staged, 0o755);
  return folder;
}
