import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { Fn, Stack } from 'aws-cdk-lib';
import { type HttpApi, HttpMethod, HttpNoneAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { Bucket, IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { ConsoleSignIn } from '../../functions/core/api/consoleSignIn.ts';
import { CONSOLE } from '../optionalFunctions.ts';
import { acknowledge } from './acknowledge.ts';
import type { ApiAuth } from './apiAuth.ts';
import { type FunctionsProps, lambdaFunction } from './functions.ts';
import { ROOT } from './packaged.ts';

export interface ConsoleProps {
  readonly httpApi: HttpApi;
  /** The links of records lead there, and those of what goes on. */
  readonly media: readonly (IBucket | Bucket)[];
  readonly auth: ApiAuth;
  readonly functionsProps: FunctionsProps;
}

/** The console's files, served by the API at `/console`: anybody may load the page, which asks for who may see. */
export class Console extends Construct {
  constructor(scope: Construct, id: string, { httpApi, media, auth, functionsProps }: ConsoleProps) {
    super(scope, id);
    const handler = lambdaFunction(this, CONSOLE.function, {
      ...functionsProps,
      environment: {
        [CONSOLE.environment.folder]: CONSOLE.folder,
        [CONSOLE.environment.mediaOrigins]: Fn.join(
          ',',
          media.map((bucket) => Fn.join('', ['https://', bucket.bucketRegionalDomainName])),
        ),
        [CONSOLE.environment.signIn]: signInOf(this, auth),
      },
      addFiles: (folder) => {
        const parameters = [path.join(ROOT, 'clients/web/build.ts'), path.join(folder, CONSOLE.folder)];
        execFileSync(process.execPath, parameters, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
      },
    });
    const integration = new HttpLambdaIntegration('console', handler);
    for (const one of CONSOLE.paths) {
      for (const route of httpApi.addRoutes({
        path: one,
        methods: CONSOLE.methods.map((method) => HttpMethod[method]),
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

/** An issuer and its client may be resources of the stack. */
function signInOf(scope: Construct, auth: ApiAuth): string {
  if (auth.kind !== 'jwt' || auth.signIn === undefined) return 'none';
  const { clientId, scope: asked = 'openid', origins = [] } = auth.signIn;
  const [audience] = auth.audience;
  const signIn: ConsoleSignIn = {
    issuer: auth.issuer,
    clientId,
    scope: asked,
    // The client itself is the audience of the tokens that it is given unasked.
    ...(audience === undefined || auth.audience.includes(clientId) ? {} : { audience }),
    origins: [...origins],
  };
  return Stack.of(scope).toJsonString(signIn);
}
