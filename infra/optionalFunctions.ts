import type { FunctionSpec } from './wiring.ts';

/**
 * Functions that a deployment has only where they are asked for. What their environment holds, and further rights, are
 * given where that is known.
 */

/** Checks HTTP Basic. On loopback nobody is asked. */
export const BASIC_AUTHORIZER: FunctionSpec = {
  name: 'authorizeBasic',
  description: 'Lets callers in who send the user name and password in Secrets Manager',
  timeoutSeconds: 10,
  memoryMb: 256,
  environment: {},
  grants: [],
};

/** Runs an on-record script of WCS for each record in the library. */
export const ON_RECORD_SCRIPT: FunctionSpec = {
  name: 'onRecordScript',
  description: "Runs the deployer's on-record script for each record in the library",
  // Lambda's longest.
  timeoutSeconds: 900,
  // A download is as fast as the memory that is paid for.
  memoryMb: 1769,
  environment: {},
  grants: [{ on: 'library', actions: ['s3:GetObject', 's3:GetObjectVersion'], keys: ['*'] }],
};

/** Tells an endpoint of events. Each endpoint has a function, a queue and a secret of its own. */
export const WEBHOOK: FunctionSpec = {
  name: 'webhook',
  description: 'Tells an endpoint of events, signed',
  // An endpoint has 15 s for an answer.
  timeoutSeconds: 30,
  memoryMb: 256,
  environment: {},
  grants: [],
};

export const WEBHOOK_QUEUE = {
  batchSize: 1,
  /** Messages under way to an endpoint at a time. */
  maxConcurrency: 5,
  visibilityTimeoutSeconds: 6 * WEBHOOK.timeoutSeconds,
} as const;

/**
 * Serves the console where a deployment wants it. Anybody may load the page, which holds nothing; what it shows it asks
 * the API for, as any caller.
 */
export const CONSOLE = {
  function: {
    name: 'console',
    description: "Serves the console's files",
    timeoutSeconds: 10,
    memoryMb: 256,
    environment: {},
    grants: [],
  },
  /** Beside the bundle, in the function's own folder: what the page is made of. */
  folder: 'console',
  /** Its variables: the folder with the files, the origins that the links of records lead to, and how its users sign in. */
  environment: {
    folder: 'CONSOLE_FOLDER',
    mediaOrigins: 'CONSOLE_MEDIA_ORIGINS',
    signIn: 'CONSOLE_SIGN_IN',
  },
  paths: ['/', '/console', '/console/{file}'],
  // Whoever looks whether something answers, an uptime check or `curl -I`, asks with HEAD.
  methods: ['GET', 'HEAD'],
} as const satisfies {
  readonly function: FunctionSpec;
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly paths: readonly string[];
  readonly methods: readonly ('GET' | 'HEAD')[];
};
