import { App } from 'aws-cdk-lib';
import { MyStreamingStack } from './myStreamingStack.ts';

const app = new App();
new MyStreamingStack(app, 'MyStreaming');
