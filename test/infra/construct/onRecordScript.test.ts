import { globSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StreamRecorder, type StreamRecorderProps } from '../../../infra/construct/streamRecorder.ts';
import { ON_RECORD_SCRIPT } from '../../../infra/optionalFunctions.ts';
import { appsForTests, only, readable, synthesize, testImage } from './stacks.ts';

appsForTests();

interface FunctionProperties {
  readonly Environment: { readonly Variables: Readonly<Record<string, unknown>> };
  readonly EphemeralStorage: { readonly Size: number };
  readonly Layers: readonly { readonly Ref: string }[];
  readonly Role: unknown;
}

const folder = mkdtempSync(path.join(tmpdir(), 'script-'));
const script = path.join(folder, 'on record "hook".sh');
const TEXT = '#!/bin/bash\ncp "$2" /tmp/copy\n';
beforeAll(() => writeFileSync(script, TEXT));
afterAll(() => rmSync(folder, { recursive: true }));

const functionOf = (template: Template): FunctionProperties =>
  only<FunctionProperties>(template, 'AWS::Lambda::Function', { Description: ON_RECORD_SCRIPT.description })
    .properties;

describe('onRecordScript', () => {
  it('is a function that gets each record, with the script as it is beside it', () => {
    const app = new App({ context: { 'aws:cdk:bundling-stacks': [] }, outdir: path.join(folder, 'out') });
    const stack = new Stack(app, 'Mine');
    new StreamRecorder(stack, 'Recorder', { image: testImage(), onRecordScript: script });
    const template = Template.fromStack(stack);
    const { Environment, EphemeralStorage, Layers } = functionOf(template);
    expect(Environment.Variables).toEqual({
      ON_RECORD_SCRIPT: '/opt/on-record-script',
      SCRIPT_FILE_MAX_BYTES: String((10_240 - 64) * 1024 ** 2),
      SCRIPT_LARGER_RECORDS: 'fail',
    });
    expect(EphemeralStorage.Size).toBe(10_240);
    const layer = only<object>(template, 'AWS::Lambda::LayerVersion');
    expect(Layers).toEqual([{ Ref: layer.id }]);
    const [staged = ''] = globSync(path.join(app.outdir, 'asset.*', 'on-record-script'));
    expect(readFileSync(staged, 'utf8')).toBe(TEXT);
    expect(statSync(staged).mode & 0o111).toBe(0o111);
  });

  it('is tried three times; then the event waits in a queue with an alarm', () => {
    const template = synthesize({ onRecordScript: script });
    const rule = only<{ Targets: [{ Arn: unknown }] }>(template, 'AWS::Events::Rule', {
      EventPattern: { source: ['stream-recorder'], 'detail-type': ['Record Available'] },
    });
    expect(readable(rule.properties.Targets[0].Arn)).toMatch(/onRecordScript/);
    const { properties } = only<{ DestinationConfig: { OnFailure: { Destination: unknown } } }>(
      template,
      'AWS::Lambda::EventInvokeConfig',
      { MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 21_600 },
    );
    const queue = readable(properties.DestinationConfig.OnFailure.Destination);
    expect(queue).toMatch(/NotDelivered/);
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmDescription: Match.stringLikeRegexp('onRecordScript'),
    });
  });

  it('may read the library, and nothing else of it', () => {
    const template = synthesize({ onRecordScript: script });
    const role = readable(functionOf(template).Role).replace(/^<(.*)\.Arn>$/, '$1');
    const actions = Object.values(template.findResources('AWS::IAM::Policy'))
      .filter(({ Properties }) => JSON.stringify(Properties.Roles).includes(role))
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement as { Action: string | string[] }[])
      .flatMap(({ Action }) => Action);
    expect(actions.filter((action) => action.startsWith('s3:'))).toEqual([
      's3:GetObject',
      's3:GetObjectVersion',
    ]);
  });

  it('takes more or less room, and gives a link to what does not fit', () => {
    const { Environment, EphemeralStorage } = functionOf(
      synthesize({ onRecordScript: { script, temporaryMb: 512, largerRecords: 'link' } }),
    );
    expect(EphemeralStorage.Size).toBe(512);
    expect(Environment.Variables).toMatchObject({
      SCRIPT_FILE_MAX_BYTES: String((512 - 64) * 1024 ** 2),
      SCRIPT_LARGER_RECORDS: 'link',
    });
  });

  it('is looked at when it is synthesized', () => {
    const plain = path.join(folder, 'plain.txt');
    writeFileSync(plain, 'cp "$2" /tmp\n');
    const refused = (onRecordScript: StreamRecorderProps['onRecordScript'] & {}): void => {
      synthesize({ onRecordScript });
    };
    expect(() => refused(plain)).toThrow('must begin with #!');
    expect(() => refused(path.join(folder, 'none.sh'))).toThrow('onRecordScript: there is no file');
    expect(() => refused({ script, temporaryMb: 20_000 })).toThrow('onRecordScript.temporaryMb');
  });
});
