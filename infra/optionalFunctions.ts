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
