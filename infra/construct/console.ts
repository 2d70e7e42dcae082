import { Fn } from 'aws-cdk-lib';
import { type HttpApi, HttpMethod, HttpNoneAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { Bucket, IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { CONSOLE } from '../optionalFunctions.ts';
import { acknowledge } from './acknowledge.ts';
import { type FunctionsProps, lambdaFunction } from './functions.ts';

export interface ConsoleProps {
  readonly httpApi: HttpApi;
  /** The links of records lead there, and those of what goes on. */
  readonly media: readonly (IBucket | Bucket)[];
  readonly functionsProps: FunctionsProps;
}

/** The console's files, served by the API at `/console`: anybody may load the page, which asks for who may see. */
export class Console extends Construct {
  constructor(scope: Construct, id: string, { httpApi, media, functionsProps }: ConsoleProps) {
    super(scope, id);
    const handler = lambdaFunction(this, CONSOLE.function, {
      ...functionsProps,
      environment: {
        [CONSOLE.environment.folder]: CONSOLE.folder,
        [CONSOLE.environment.mediaOrigins]: Fn.join(
          ',',
          media.map((bucket) => Fn.join('', ['https://', bucket.bucketRegionalDomainName])),
        ),
      },
      commandHooks: {
        beforeInstall: () => [],
        beforeBundling: () => [],
        afterBundling: (inputDir, outputDir) => [
          `"${process.execPath}" "${inputDir}/clients/web/build.ts" "${outputDir}/${CONSOLE.folder}"`,
        ],
      },
    });
    const integration = new HttpLambdaIntegration('console', handler);
    for (const path of CONSOLE.paths) {
      for (const route of httpApi.addRoutes({
        path,
        methods: [HttpMethod.GET],
        integration,
        authorizer: new HttpNoneAuthorizer(),
      })) {
        acknowledge(
          route,
          'AwsSolutions-APIG4',
          'The page holds nothing; what it shows it asks the API for.',
        );
      }
    }
  }
}
