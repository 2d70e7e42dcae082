import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  type CfnStage,
  CorsHttpMethod,
  type CorsPreflightOptions,
  HttpApi,
  HttpMethod,
  HttpNoneAuthorizer,
  HttpRoute,
  HttpRouteKey,
  HttpStage,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { DEFAULT_ROUTE, type FunctionName, ROUTES } from '../wiring.ts';
import { API_CORS } from '../wiringCors.ts';
import { acknowledge } from './acknowledge.ts';
import { type ApiAuth, apiAuthorizer } from './apiAuth.ts';
import type { FunctionsProps } from './functions.ts';

/** Bounds what a caller gone wild can cost; Fargate launches far fewer tasks a second than this. */
const THROTTLE = { rateLimit: 500, burstLimit: 1000 };
/**
 * A hook's route has a limit of its own, so that a flood of hooks, which anybody may send, takes nothing from those who
 * start and stop recordings.
 */
const HOOK_THROTTLE = { ThrottlingRateLimit: 200, ThrottlingBurstLimit: 400, DetailedMetricsEnabled: true };
/** A link may be passed on; a viewer asks for a segment each six seconds, and a page of the library for its pictures. */
const LINK_THROTTLE = { ThrottlingRateLimit: 200, ThrottlingBurstLimit: 400, DetailedMetricsEnabled: true };
const OPEN_THROTTLES = { hook: HOOK_THROTTLE, link: LINK_THROTTLE } as const;
const WHY_OPEN = {
  hook: 'A hook is let in by the secret in its path, which the function checks.',
  link: 'Whoever has a link is let in by the token in its path, which the function checks.',
} as const;

/**
 * Who asked for what, and what came of it. Neither bodies nor paths are logged: a source URL may hold a key, and a hook's
 * path holds its secret.
 */
const ACCESS_LOG_FIELDS = {
  requestId: '$context.requestId',
  requestTime: '$context.requestTime',
  sourceIp: '$context.identity.sourceIp',
  callerArn: '$context.identity.userArn',
  routeKey: '$context.routeKey',
  status: '$context.status',
  errorMessage: '$context.error.message',
  integrationErrorMessage: '$context.integrationErrorMessage',
  responseLatencyMs: '$context.responseLatency',
};

const WHY_ASKED =
  'A browser asks what a page of another origin may, without credentials; the answer says nothing else.';

const corsOf = (origins: readonly string[]): CorsPreflightOptions => ({
  allowOrigins: [...origins],
  allowMethods: API_CORS.allowedMethods.map((method) => CorsHttpMethod[method]),
  allowHeaders: [...API_CORS.allowedHeaders],
  exposeHeaders: [...API_CORS.exposedHeaders],
  maxAge: Duration.seconds(API_CORS.maxAgeSeconds),
});

export interface ApiProps {
  readonly functions: Readonly<Record<FunctionName, IFunction>>;
  readonly logRetention: RetentionDays;
  readonly auth: ApiAuth;
  /** Whether there are routes for hooks, which the functions let in by their secrets. */
  readonly hasHooks: boolean;
  /** Origins whose pages may call it. */
  readonly corsOrigins: readonly string[];
  /** For the function that checks HTTP Basic. */
  readonly functionsProps: FunctionsProps;
}

/** The HTTP API: the wiring's routes, and `$default`, for callers whom the authorizer knows; hooks besides. */
export class Api extends Construct {
  readonly httpApi: HttpApi;
  readonly stage: HttpStage;

  constructor(scope: Construct, id: string, props: ApiProps) {
    super(scope, id);
    const { functions, logRetention, auth, hasHooks, corsOrigins } = props;
    this.httpApi = new HttpApi(this, 'HttpApi', {
      description: 'Stream Recorder',
      createDefaultStage: false,
      defaultAuthorizer: apiAuthorizer(this, auth, props.functionsProps),
      ...(corsOrigins.length === 0 ? {} : { corsPreflight: corsOf(corsOrigins) }),
    });
    const integration = (name: FunctionName) => new HttpLambdaIntegration(name, functions[name]);
    const openRoutes: HttpRoute[] = [];
    const openKeys = new Map<string, (typeof OPEN_THROTTLES)['hook' | 'link']>();
    for (const route of ROUTES.filter((one) => hasHooks || one.auth !== 'hook')) {
      const added = this.httpApi.addRoutes({
        path: route.path,
        methods: [HttpMethod[route.method]],
        integration: integration(route.function),
        ...(route.auth === 'caller' ? {} : { authorizer: new HttpNoneAuthorizer() }),
      });
      if (route.auth === 'caller') continue;
      openRoutes.push(...added);
      openKeys.set(`${route.method} ${route.path}`, OPEN_THROTTLES[route.auth]);
      for (const one of added) acknowledge(one, 'AwsSolutions-APIG4', WHY_OPEN[route.auth]);
    }
    if (corsOrigins.length > 0) {
      // $default would take a browser's question for a call, which its authorizer refuses.
      const asked = this.httpApi.addRoutes({
        path: '/{proxy+}',
        methods: [HttpMethod.OPTIONS],
        integration: integration(DEFAULT_ROUTE),
        authorizer: new HttpNoneAuthorizer(),
      });
      for (const one of asked) acknowledge(one, 'AwsSolutions-APIG4', WHY_ASKED);
    }
    if (auth.kind === 'none') {
      acknowledge(this, 'AwsSolutions-APIG4', 'The deployer has asked for an API without authorization.');
    }
    new HttpRoute(this, 'DefaultRoute', {
      httpApi: this.httpApi,
      routeKey: HttpRouteKey.DEFAULT,
      integration: integration(DEFAULT_ROUTE),
    });
    this.stage = new HttpStage(this, 'Stage', {
      httpApi: this.httpApi,
      autoDeploy: true,
      throttle: THROTTLE,
      detailedMetricsEnabled: true,
      accessLogSettings: {
        destination: new LogGroupLogDestination(
          new LogGroup(this, 'AccessLogs', {
            retention: logRetention,
            removalPolicy: RemovalPolicy.DESTROY,
          }),
        ),
        format: AccessLogFormat.custom(JSON.stringify(ACCESS_LOG_FIELDS)),
      },
    });
    this.#throttle(openRoutes, openKeys);
  }

  /** aws-cdk-lib has no property for a route's own settings; a stage that names a route needs it to be there. */
  #throttle(routes: readonly HttpRoute[], settings: ReadonlyMap<string, object>): void {
    const stage = this.stage.node.defaultChild as CfnStage;
    stage.routeSettings = Object.fromEntries(settings);
    stage.node.addDependency(...routes);
  }
}
