import { Token } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { isOrigin } from '../origins.ts';
import type { ApiAuth, SignInProps } from './apiAuth.ts';
import { checkExpiry } from './buckets.ts';
import { checkRegion } from './domain.ts';
import { checkGivenBuckets } from './givenBuckets.ts';
import { CAPACITY_PROVIDERS, type HostsProps } from './hosts.ts';
import type { MergeProps } from './mergeTask.ts';
import { CPU_ARCHITECTURES } from './recorderTaskDefinition.ts';
import { LIBRARY_STORAGE_CLASSES, type StreamRecorderProps } from './streamRecorderProps.ts';
import type { WcsPortsProps } from './wcsPorts.ts';

const KNOWN: Readonly<Record<keyof StreamRecorderProps, true>> = {
  landingBucket: true,
  libraryBucket: true,
  libraryStorageClass: true,
  libraryKey: true,
  vpc: true,
  subnets: true,
  capacityProviders: true,
  recordingDefaults: true,
  limits: true,
  hooks: true,
  sourceSecrets: true,
  auth: true,
  domain: true,
  corsOrigins: true,
  console: true,
  wcsPorts: true,
  cpuUnits: true,
  memoryMb: true,
  cpuArchitecture: true,
  hosts: true,
  merge: true,
  image: true,
  onRecord: true,
  onRecordScript: true,
  webhooks: true,
  libraryExpiry: true,
  leftoversExpiry: true,
  alarmTopic: true,
  logRetention: true,
  tracing: true,
};

/**
 * What synth can know of the properties together, and of those that types alone hold, which a page of JavaScript does not
 * have. Each piece of the construct checks its own besides.
 * @throws Error naming the property, the rule and what is right
 */
export function checkProps(scope: Construct, props: StreamRecorderProps): void {
  for (const name of Object.keys(props)) {
    if (!Object.hasOwn(KNOWN, name)) {
      throw new Error(`${name}: is no property of StreamRecorder; it has ${Object.keys(KNOWN).join(', ')}`);
    }
  }
  const { capacityProviders = ['FARGATE'], libraryBucket } = props;
  if (capacityProviders.length === 0)
    throw new Error("capacityProviders: at least one is needed: ['FARGATE']");
  if (new Set(capacityProviders).size < capacityProviders.length) {
    throw new Error(`capacityProviders: each may be there once, and it is ${capacityProviders.join(', ')}`);
  }
  for (const provider of capacityProviders) checkOneOf('capacityProviders', provider, CAPACITY_PROVIDERS);
  checkOneOf('libraryStorageClass', props.libraryStorageClass, LIBRARY_STORAGE_CLASSES);
  checkOneOf('cpuArchitecture', props.cpuArchitecture, CPU_ARCHITECTURES);
  checkBoolean('console', props.console);
  checkBoolean('tracing', props.tracing);
  checkMade(
    'image',
    props.image,
    'bind',
    "a ContainerImage, such as ContainerImage.fromRegistry('…@sha256:…')",
  );
  checkMade('onRecord', props.onRecord, 'functionArn', 'a function, such as Function.fromFunctionArn(…)');
  checkExpiry(props);
  checkOrigins(props.corsOrigins ?? []);
  checkRetention(props.logRetention);
  checkNames('hosts', props.hosts, HOSTS_PROPERTIES);
  checkNames('merge', props.merge, MERGE_PROPERTIES);
  checkNames('domain', props.domain, ['name', 'certificate']);
  checkNames('wcsPorts', props.wcsPorts, WCS_PORTS_PROPERTIES);
  if (props.auth !== undefined) checkAuth(props.auth);
  if (props.console === true) checkConsole(props.auth ?? { kind: 'iam' });
  checkGivenBuckets(scope, props);
  if (props.libraryKey !== undefined && libraryBucket === undefined) {
    checkRegion(scope, 'libraryKey', props.libraryKey.keyArn);
  }
  // A rule of EventBridge calls functions of its own region.
  if (props.onRecord !== undefined) checkRegion(scope, 'onRecord', props.onRecord.functionArn);
  if (props.alarmTopic !== undefined) checkRegion(scope, 'alarmTopic', props.alarmTopic.topicArn);
}

function checkBoolean(property: string, value: unknown): void {
  if (value === undefined || typeof value === 'boolean') return;
  throw new Error(`${property}: must be true or false, and is ${JSON.stringify(value)}`);
}

/** A name where JavaScript should have given what it names. */
function checkMade(property: string, value: unknown, member: string, what: string): void {
  if (value === undefined || (typeof value === 'object' && value !== null && member in value)) return;
  throw new Error(`${property}: must be ${what}, and is ${JSON.stringify(value)}`);
}

function checkOneOf(property: string, value: string | undefined, known: readonly string[]): void {
  if (value === undefined || known.includes(value)) return;
  throw new Error(`${property}: must be one of ${known.join(', ')}, and is ${value}`);
}

const HOSTS_PROPERTIES = [
  'min',
  'max',
  'cpuUnits',
  'memoryMb',
  'maxRecordings',
] as const satisfies readonly (keyof HostsProps)[];
const MERGE_PROPERTIES = ['cpuUnits', 'memoryMb'] as const satisfies readonly (keyof MergeProps)[];
const WCS_PORTS_PROPERTIES = [
  'vpc',
  'certificate',
  'auth',
  'clients',
  'internetFacing',
] as const satisfies readonly (keyof WcsPortsProps)[];

const SIGN_IN_PROPERTIES = ['clientId', 'scope', 'origins'] as const satisfies readonly (keyof SignInProps)[];

/** A name that nobody reads would be a wish that nobody heard. */
function checkNames(property: string, value: object | undefined, known: readonly string[]): void {
  const unknown = Object.keys(value ?? {}).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new Error(`${property}.${unknown}: is no property of ${property}; it has ${known.join(', ')}`);
}

function checkOrigins(origins: readonly string[]): void {
  const wrong = origins.find((one) => !Token.isUnresolved(one) && !isOrigin(one));
  if (wrong === undefined) return;
  throw new Error(
    `corsOrigins: each must be an origin, such as https://studio.example, or *, and "${wrong}" is none`,
  );
}

/** CloudWatch has certain numbers of days. */
function checkRetention(days: RetentionDays | undefined): void {
  const known = Object.values(RetentionDays).filter((one) => typeof one === 'number');
  if (days === undefined || known.includes(days)) return;
  throw new Error(
    `logRetention: must be one of RetentionDays, such as RetentionDays.ONE_MONTH (30), and is ${days}`,
  );
}

function checkAuth(auth: ApiAuth): void {
  checkOneOf('auth.kind', auth.kind, ['iam', 'jwt', 'basic', 'none'] satisfies ApiAuth['kind'][]);
  if (auth.kind !== 'jwt') return;
  checkNames('auth.signIn', auth.signIn, SIGN_IN_PROPERTIES);
  if (auth.signIn !== undefined) checkSignIn(auth.signIn);
  if (auth.audience.length === 0)
    throw new Error("auth.audience: at least one is needed, such as ['recorder']");
  if (!Token.isUnresolved(auth.issuer) && !/^https:\/\/[^\s/]+/.test(auth.issuer)) {
    throw new Error(
      `auth.issuer: must be an https URL, such as https://login.example.com/, and is "${auth.issuer}"`,
    );
  }
}

/** A page cannot sign requests, and gets a token as a client that the issuer knows. */
function checkConsole(auth: ApiAuth): void {
  if (auth.kind === 'iam') {
    throw new Error(
      "console: needs auth of kind jwt, basic or none, and it is iam: a page cannot sign requests; such as auth: { kind: 'basic', secret }",
    );
  }
  if (auth.kind === 'jwt' && auth.signIn === undefined) {
    throw new Error(
      "console: needs auth.signIn where auth is of kind jwt, the page as a client of the issuer; such as signIn: { clientId: 'console' }",
    );
  }
}

function checkSignIn({ clientId, scope = 'openid', origins = [] }: SignInProps): void {
  if (clientId === '') throw new Error('auth.signIn.clientId: must not be empty');
  if (!Token.isUnresolved(scope) && !scope.split(' ').includes('openid')) {
    throw new Error(`auth.signIn.scope: must have openid in it, such as 'openid profile', and is "${scope}"`);
  }
  const wrong = origins.find(
    (one) => !Token.isUnresolved(one) && !(isOrigin(one) && one.startsWith('https://')),
  );
  if (wrong === undefined) return;
  throw new Error(
    `auth.signIn.origins: each must be an https origin, such as https://login.example.com, and "${wrong}" is none`,
  );
}
