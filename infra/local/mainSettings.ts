import { accessSync, constants, readFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod/mini';
import { hookSettingsSchema } from '../../functions/core/hooks/settings.ts';
import { START_TIME_FILE_TEMPLATE } from '../../functions/core/names/index.ts';
import { checkDuration, recordingLimitsSchema } from '../../functions/core/settings/limits.ts';
import {
  DEFAULT_SETTINGS,
  mergeSettings,
  settingsOverridesSchema,
} from '../../functions/core/settings/settings.ts';
import { isOrigin } from '../origins.ts';
import { WCS_PORTS } from '../wcsPorts.ts';
import { checkPair, type TlsPair } from './certificate.ts';
import { readSourceSecrets, type SourceSecrets } from './sourceSecrets.ts';
import type { RuntimePart } from './startError.ts';
import { type LocalWebhook, readWebhooks } from './webhookSettings.ts';

/** One that waits: a recording begins without a process to start first. */
const DEFAULT_HOSTS = 1;

/** What `npm start` reads from its environment. */
export interface MainSettings {
  readonly apiPort: number;
  readonly https: {
    readonly port: number;
    /** Whether the port was asked for: then it must be had. */
    readonly isRequired: boolean;
    /** Undefined: one is made. */
    readonly pair: TlsPair | undefined;
  };
  readonly rtmpPort: number;
  readonly s3Port: number;
  readonly dataDir: string;
  /** 0: each recording has a task of its own. */
  readonly hosts: number;
  readonly recordingDefaults: string;
  /** What callers can spend, as JSON. */
  readonly recordingLimits: string;
  /** How media servers' hooks are taken, as JSON. */
  readonly streamHooks: string;
  /** Credentials of sources. */
  readonly sourceSecrets: SourceSecrets;
  /** Endpoints that are told of events. */
  readonly webhooks: readonly LocalWebhook[];
  /** Origins whose pages may call the API. */
  readonly corsOrigins: readonly string[];
  /** A script that runs for each record. */
  readonly onRecordHook: string | undefined;
}

/** The variable that changes what a part of the runtime could not have. */
export const VARIABLE_OF: Readonly<Record<RuntimePart, string | undefined>> = {
  api: 'PORT',
  https: 'HTTPS_PORT',
  rtmp: 'RTMP_PORT',
  s3: 'S3_PORT',
  data: 'DATA_DIR',
  // These take any free port.
  ecs: undefined,
  events: undefined,
  sqs: undefined,
};

/** @throws SettingError that names the variable */
export function readSettings(env: Readonly<Record<string, string | undefined>>): MainSettings {
  return {
    apiPort: port('PORT', env.PORT, WCS_PORTS.http),
    https: {
      port: port('HTTPS_PORT', env.HTTPS_PORT, WCS_PORTS.https),
      isRequired: (env.HTTPS_PORT ?? '') !== '',
      pair: tlsPair(env.TLS_CERT || undefined, env.TLS_KEY || undefined),
    },
    rtmpPort: port('RTMP_PORT', env.RTMP_PORT, 1935),
    s3Port: port('S3_PORT', env.S3_PORT, 9000),
    dataDir: env.DATA_DIR || '.data',
    hosts: hosts(env.HOSTS),
    recordingDefaults: recordingDefaults(env.RECORDING_DEFAULTS || '{}'),
    recordingLimits: recordingLimits(env.RECORDING_LIMITS || '{}', env.RECORDING_DEFAULTS || '{}'),
    streamHooks: streamHooks(env.STREAM_HOOKS || '{}'),
    onRecordHook: onRecordHook(env.ON_RECORD_HOOK),
    sourceSecrets: sourceSecrets(env.SOURCE_SECRETS || '{}'),
    webhooks: webhooks(env.WEBHOOKS || '[]'),
    corsOrigins: corsOrigins(env.CORS_ORIGINS || ''),
  };
}

export class SettingError extends Error {
  override readonly name = 'SettingError';
}

function port(name: string, text: string | undefined, byDefault: number): number {
  if (text === undefined || text === '') return byDefault;
  const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 0 && value <= 65_535) return value;
  throw new SettingError(`${name} must be a port from 0 (any free one) to 65535; it is "${text}".`);
}

function tlsPair(certificateFile: string | undefined, keyFile: string | undefined): TlsPair | undefined {
  if (certificateFile === undefined && keyFile === undefined) return undefined;
  if (certificateFile === undefined || keyFile === undefined) {
    const missing = certificateFile === undefined ? 'TLS_CERT' : 'TLS_KEY';
    throw new SettingError(`TLS_CERT and TLS_KEY go together; ${missing} is missing.`);
  }
  const pair = { certificate: pemOf('TLS_CERT', certificateFile), key: pemOf('TLS_KEY', keyFile) };
  try {
    checkPair(pair);
  } catch (error) {
    throw new SettingError(`TLS_CERT and TLS_KEY are no pair in PEM: ${reasonOf(error)}.`, { cause: error });
  }
  return pair;
}

function pemOf(variable: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new SettingError(`${variable} must be a file that can be read; "${file}" is not.`, {
      cause: error,
    });
  }
}

function hosts(text: string | undefined): number {
  if (text === undefined || text === '') return DEFAULT_HOSTS;
  if (/^\d$/.test(text)) return Number(text);
  throw new SettingError(`HOSTS must be a number of hosts from 0 to 9; it is "${text}".`);
}

function corsOrigins(text: string): readonly string[] {
  const origins = text.split(',').flatMap((one) => one.trim() || []);
  const wrong = origins.find((one) => !isOrigin(one));
  if (wrong === undefined) return origins;
  throw new SettingError(
    `CORS_ORIGINS must be origins such as https://studio.example, separated by commas, or *; "${wrong}" is none.`,
  );
}

/** Seen at the start, and not at the first record. */
function onRecordHook(script: string | undefined): string | undefined {
  if (script === undefined || script === '') return undefined;
  const file = path.resolve(script);
  try {
    accessSync(file, constants.X_OK);
  } catch (error) {
    throw new SettingError(`ON_RECORD_HOOK must be an executable file; "${script}" is not.`, {
      cause: error,
    });
  }
  return file;
}

/**
 * Read here as the functions will read it, so that a mistake shows at the start and not at the first recording. Whoever
 * says nothing about names gets the ones that people would choose.
 */
function recordingDefaults(json: string): string {
  try {
    const given: unknown = JSON.parse(json);
    mergeSettings(DEFAULT_SETTINGS, settingsOverridesSchema.parse(given));
    return JSON.stringify({ names: { fileTemplate: START_TIME_FILE_TEMPLATE }, ...(given as object) });
  } catch (error) {
    throw new SettingError(`RECORDING_DEFAULTS is not valid: ${reasonOf(error)}`, { cause: error });
  }
}

/** @param defaults which are to keep to them */
function recordingLimits(json: string, defaults: string): string {
  try {
    checkDuration(
      settingsOverridesSchema.parse(JSON.parse(defaults)),
      recordingLimitsSchema.parse(JSON.parse(json)),
    );
  } catch (error) {
    throw new SettingError(`RECORDING_LIMITS is not valid: ${reasonOf(error)}`, { cause: error });
  }
  return json;
}

function streamHooks(json: string): string {
  try {
    hookSettingsSchema.parse(JSON.parse(json));
  } catch (error) {
    throw new SettingError(`STREAM_HOOKS is not valid: ${reasonOf(error)}`, { cause: error });
  }
  return json;
}

function sourceSecrets(json: string): SourceSecrets {
  try {
    return readSourceSecrets(json);
  } catch (error) {
    // The parser's own message repeats a piece of it.
    const reason = error instanceof SyntaxError ? 'it is not JSON' : reasonOf(error);
    throw new SettingError(`SOURCE_SECRETS is not valid: ${reason}`, { cause: error });
  }
}

function webhooks(json: string): LocalWebhook[] {
  try {
    return readWebhooks(json);
  } catch (error) {
    throw new SettingError(`WEBHOOKS is not valid: ${reasonOf(error)}`, { cause: error });
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof z.core.$ZodError) {
    const [issue] = error.issues;
    return [issue?.path.join('.'), issue?.message].filter(Boolean).join(': ');
  }
  return error instanceof Error ? error.message : String(error);
}
