import { HttpNoneAuthorizer, type IHttpRouteAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2';
import {
  HttpIamAuthorizer,
  HttpJwtAuthorizer,
  HttpLambdaAuthorizer,
  HttpLambdaResponseType,
} from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import type { ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { BASIC_AUTHORIZER } from '../optionalFunctions.ts';
import { type FunctionsProps, lambdaFunction } from './functions.ts';
import { secretsExtension } from './secrets.ts';

/** The console as a client of the issuer: a public one, of the code flow with PKCE, that may be sent back to `/console`. */
export interface SignInProps {
  /** The client's id at the issuer. */
  readonly clientId: string;
  /**
   * What is asked of the issuer, separated by spaces: also `offline_access`, where that is what it gives refresh tokens for.
   * @default 'openid'
   */
  readonly scope?: string;
  /**
   * Where the issuer's other addresses are, such as `https://mine.auth.eu-west-1.amazoncognito.com` of a Cognito user
   * pool: its token endpoint, which the page asks.
   * @default the issuer's own origin alone
   */
  readonly origins?: readonly string[];
}

/** Who may call the HTTP API. */
export type ApiAuth =
  /** AWS's own signatures; `grantApi` lets a role in. */
  | { readonly kind: 'iam' }
  /** A token of an OpenID Connect issuer, for one of these audiences. */
  | {
      readonly kind: 'jwt';
      readonly issuer: string;
      readonly audience: readonly string[];
      /** How users of the console get one. */
      readonly signIn?: SignInProps;
    }
  /** HTTP Basic, as WCS's clients send it unasked: the secret is JSON, `{"username","password"}`. */
  | { readonly kind: 'basic'; readonly secret: ISecret | Secret }
  /** Everybody who knows the URL. */
  | { readonly kind: 'none' };

/** @param props what a function needs, for the one that checks HTTP Basic */
export function apiAuthorizer(scope: Construct, auth: ApiAuth, props: FunctionsProps): IHttpRouteAuthorizer {
  switch (auth.kind) {
    case 'iam':
      return new HttpIamAuthorizer();
    case 'jwt':
      return new HttpJwtAuthorizer('Jwt', auth.issuer, { jwtAudience: [...auth.audience] });
    case 'basic':
      return basicAuthorizer(scope, auth.secret, props);
    case 'none':
      return new HttpNoneAuthorizer();
  }
}

function basicAuthorizer(
  scope: Construct,
  secret: ISecret | Secret,
  props: FunctionsProps,
): HttpLambdaAuthorizer {
  const handler = lambdaFunction(scope, BASIC_AUTHORIZER, {
    ...props,
    paramsAndSecrets: secretsExtension(),
  });
  handler.addEnvironment('BASIC_AUTH_SECRET_ARN', secret.secretArn);
  if (handler.role !== undefined) secret.grantRead(handler.role);
  return new HttpLambdaAuthorizer('Basic', handler, {
    responseTypes: [HttpLambdaResponseType.SIMPLE],
    identitySource: ['$request.header.Authorization'],
  });
}
