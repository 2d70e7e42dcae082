import process from 'node:process';
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { CONTEXT_KEY, readContextProps, recorderProps } from './contextProps.ts';
import { StreamRecorderStack } from './streamRecorderStack.ts';

const app = new App();
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
const context = readContextProps(app.node.tryGetContext(CONTEXT_KEY));
const { CDK_DEFAULT_ACCOUNT: account = '', CDK_DEFAULT_REGION: region = '' } = process.env;
new StreamRecorderStack(app, 'StreamRecorder', {
  recorder: (scope) => recorderProps(scope, context),
  // A VPC is looked up in an account; all else is the same in each.
  ...(context.vpcId === undefined ? {} : { env: { account, region } }),
});
