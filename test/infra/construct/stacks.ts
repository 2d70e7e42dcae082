import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { afterAll } from 'vitest';
import type { StreamRecorderProps } from '../../../infra/construct/streamRecorder.ts';
import { StreamRecorderStack } from '../../../infra/streamRecorderStack.ts';
import { QUEUES, RECORDER_TASK } from '../../../infra/wiring.ts';

/** What apps stage and synthesise. */
const folders: string[] = [];

/** What the apps of this test file have staged goes after its last test: CDK leaves it where it is. */
export function appsForTests(): void {
  afterAll(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
}

/**
 * An app that does not bundle functions, and notes neither what made each resource nor where each stands in the tree: their
 * code is not what these tests look at, and the notes are a sixth of the work.
 */
export function testApp(): App {
  const outdir = mkdtempSync(path.join(tmpdir(), 'cdk-test-'));
  folders.push(outdir);
  return new App({
    context: { 'aws:cdk:bundling-stacks': [] },
    analyticsReporting: false,
    stackTraces: false,
    treeMetadata: false,
    outdir,
  });
}

/** An image that is staged in no time. */
export function testImage(): ContainerImage {
  return ContainerImage.fromAsset(path.join(import.meta.dirname, 'fixtures/image'));
}

/** Of a stack without any props: half a second of work, and nobody changes it. */
let ordinary: Template | undefined;

/** The template of a stack with these props. */
export function synthesize(recorder: StreamRecorderProps = {}): Template {
  if (Object.keys(recorder).length > 0) return synthesizeAnew(recorder);
  ordinary ??= synthesizeAnew(recorder);
  return ordinary;
}

function synthesizeAnew(recorder: StreamRecorderProps): Template {
  const stack = new StreamRecorderStack(testApp(), 'Test', { recorder: { image: testImage(), ...recorder } });
  return Template.fromStack(stack);
}

/** The only resource of a type that has these properties: its logical id and all its properties. */
export function only<Properties>(
  template: Template,
  type: string,
  properties?: Record<string, unknown>,
): { readonly id: string; readonly properties: Properties } {
  const found = Object.entries(
    template.findResources(type, properties === undefined ? {} : { Properties: properties }),
  );
  const [first] = found;
  if (first === undefined || found.length > 1) {
    throw new Error(`${found.length} resources of ${type} match ${JSON.stringify(properties ?? {})}`);
  }
  const [id, resource] = first;
  return { id, properties: resource.Properties as Properties };
}

/** Of all resources of a type. */
export function propertiesOf(template: Template, type: string): Record<string, unknown>[] {
  return Object.values(template.findResources(type)).map(
    (resource) => resource.Properties as Record<string, unknown>,
  );
}

/** What the recorder's task definition alone has. */
export const OF_RECORDER = {
  ContainerDefinitions: [Match.objectLike({ Name: RECORDER_TASK.containerName })],
};

/** The queue by which `launch` is asked. */
export function launchQueueOf(template: Template): { readonly id: string } {
  return only<object>(template, 'AWS::SQS::Queue', {
    VisibilityTimeout: QUEUES.launch.visibilityTimeoutSeconds,
    RedrivePolicy: Match.absent(),
  });
}

/** An ARN or a list of ids as a readable string: `<LogicalId.Arn>/state/*`. */
export function readable(value: unknown): string {
  if (typeof value === 'string') return value;
  const [[name, argument] = ['', undefined]] = Object.entries(value as object);
  if (name === 'Ref') return `<${String(argument)}>`;
  if (name === 'Fn::GetAtt') return `<${(argument as string[]).join('.')}>`;
  if (name === 'Fn::Join') {
    const [delimiter, items] = argument as [string, unknown[]];
    return items.map(readable).join(delimiter);
  }
  if (name === 'Fn::Sub') return String(argument);
  throw new Error(`${name} is not read here`);
}
