import { Duration, RemovalPolicy, type Size } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  ApplicationLogLevel,
  Architecture,
  Function as LambdaFunction,
  type LayerVersion,
  LoggingFormat,
  type ParamsAndSecretsLayerVersion,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { FUNCTIONS, type FunctionName, type FunctionSpec, type Resource } from '../wiring.ts';
import { acknowledge } from './acknowledge.ts';
import { functionEnvironment } from './environment.ts';
import { functionCode } from './functionCode.ts';
import { applyGrants, type GrantTargets } from './grants.ts';
import { secretsExtension } from './secrets.ts';

export interface FunctionsProps {
  /** What the wiring's environment variables hold. */
  readonly resources: Readonly<Record<Resource, string>>;
  readonly targets: GrantTargets;
  readonly logRetention: RetentionDays;
  /** Whether X-Ray gets a trace of what is called. */
  readonly tracing: boolean;
}

export interface AllFunctionsProps extends FunctionsProps {
  /** For `wcs`, where it must check HTTP Basic itself. */
  readonly wcsSecrets?: ParamsAndSecretsLayerVersion | undefined;
}

export interface LambdaFunctionProps extends FunctionsProps {
  /** AWS's extension that hands a function its secrets. */
  readonly paramsAndSecrets?: ParamsAndSecretsLayerVersion;
  /** Of /tmp; Lambda's own is 512 MiB. */
  readonly temporaryStorage?: Size;
  readonly layers?: readonly LayerVersion[];
  /** Variables besides the wiring's. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Puts files beside the bundle. */
  readonly addFiles?: (folder: string) => void;
}

/** The wiring's functions, each with a role of its own that has the wiring's grants. */
export class Functions extends Construct {
  readonly all: Readonly<Record<FunctionName, LambdaFunction>>;

  constructor(scope: Construct, id: string, { wcsSecrets, ...props }: AllFunctionsProps) {
    super(scope, id);
    const make = (name: FunctionName) => lambdaFunction(this, FUNCTIONS[name], props);
    this.all = {
      wcs: lambdaFunction(this, FUNCTIONS.wcs, {
        ...props,
        ...(wcsSecrets === undefined ? {} : { paramsAndSecrets: wcsSecrets }),
      }),
      recordings: make('recordings'),
      play: make('play'),
      clips: make('clips'),
      cut: make('cut'),
      streams: make('streams'),
      rooms: make('rooms'),
      status: make('status'),
      notFound: make('notFound'),
      relocate: make('relocate'),
      launch: make('launch'),
      settle: make('settle'),
      taskStopped: make('taskStopped'),
      reconcile: make('reconcile'),
    };
  }
}

/** One function below a construct of its own name. */
export function lambdaFunction(
  parent: Construct,
  spec: FunctionSpec,
  props: LambdaFunctionProps,
): LambdaFunction {
  const { resources, targets, logRetention, environment } = props;
  const needsSecrets = spec.grants.some(({ on }) => on === 'playbackKey');
  const paramsAndSecrets = props.paramsAndSecrets ?? (needsSecrets ? secretsExtension() : undefined);
  const scope = new Construct(parent, spec.name);
  const logGroup = new LogGroup(scope, 'Logs', {
    retention: logRetention,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const role = new Role(scope, 'Role', {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    description: `Stream Recorder: ${spec.name}`,
  });
  logGroup.grantWrite(role);
  applyGrants(role, spec.grants, targets);

  const handler = new LambdaFunction(scope, 'Function', {
    description: spec.description,
    code: functionCode(spec.name, props.addFiles),
    handler: 'index.handler',
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    timeout: Duration.seconds(spec.timeoutSeconds),
    memorySize: spec.memoryMb,
    environment: { ...functionEnvironment(spec, resources), ...environment },
    role,
    logGroup,
    loggingFormat: LoggingFormat.JSON,
    applicationLogLevelV2: ApplicationLogLevel.INFO,
    tracing: props.tracing ? Tracing.ACTIVE : Tracing.DISABLED,
    ...(paramsAndSecrets === undefined ? {} : { paramsAndSecrets }),
    ...(props.temporaryStorage === undefined ? {} : { ephemeralStorageSize: props.temporaryStorage }),
    layers: [...(props.layers ?? [])],
  });
  if (!props.tracing) return handler;
  acknowledge(
    role,
    'AwsSolutions-IAM5[Resource::*]',
    'xray:PutTraceSegments and xray:PutTelemetryRecords have no resource to name.',
  );
  return handler;
}
