import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import type { StreamRecorderProps } from '../../infra/streamRecorder.ts';
import { StreamRecorderStack } from '../../infra/streamRecorderStack.ts';

/** An app that does not bundle functions: their code is not what these tests look at. */
export function testApp(): App {
  return new App({ context: { 'aws:cdk:bundling-stacks': [] }, analyticsReporting: false });
}

/** The template of a stack with these props, and with an image that needs no folder of its own. */
export function synthesize(recorder: StreamRecorderProps = {}): Template {
  const image = ContainerImage.fromRegistry('recorder.example/image');
  const stack = new StreamRecorderStack(testApp(), 'Test', { recorder: { image, ...recorder } });
  return Template.fromStack(stack);
}
