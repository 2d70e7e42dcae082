import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { StreamRecorderStack } from './streamRecorderStack.ts';

const app = new App();
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
new StreamRecorderStack(app, 'StreamRecorder');
