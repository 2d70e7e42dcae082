import * as z from 'zod/mini';
import * as answers from '../../functions/core/api/answers.ts';
import type { DocumentedOperation } from '../../functions/core/api/documentedOperation.ts';
import { ERRORS, type ErrorCode } from '../../functions/core/api/errors.ts';
import { OPERATIONS } from '../../functions/core/api/operations.ts';
import { recordingConfig } from '../../functions/core/api/recordingConfig.ts';
import { eventsAnswer } from '../../functions/core/api/storyAnswers.ts';
import { API_VERSION } from '../../functions/core/api/version.ts';

type Json = Record<string, unknown>;

/** Schemas that have a name in the document. */
const COMPONENTS = {
  Error: answers.errorAnswer,
  Recording: answers.recordingAnswer,
  Recordings: answers.recordingsAnswer,
  RecordingEvents: eventsAnswer,
  Started: answers.startAnswer,
  Stream: answers.streamAnswer,
  Config: recordingConfig,
} as const;

/** What any operation may be answered with: `internal_error`. */
const EVERYWHERE: readonly ErrorCode[] = ['internal_error'];

/** The API as OpenAPI 3.1, made of the schemas that the functions validate with. */
export function openApiDocument(): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Stream Recorder',
      version: API_VERSION,
      description:
        'Records live streams into S3. WCS’s methods are also there without `/rest-api`, and with a slash at the end.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: 'http://127.0.0.1:8081', description: 'npm start' }],
    security: [{ callers: [] }],
    tags: ['WCS', 'Recordings', 'Playback', 'Rooms', 'Streams', 'Hooks'].map((name) => ({ name })),
    paths: paths(),
    components: {
      securitySchemes: {
        callers: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          description:
            'AWS signature version 4 (service `execute-api`); or a JWT, or HTTP Basic, as deployed.',
        },
      },
      schemas: Object.fromEntries(
        Object.entries(COMPONENTS).map(([name, schema]) => [name, jsonSchema(schema, 'output')]),
      ),
    },
    'x-errors': Object.fromEntries(
      Object.entries(ERRORS).map(([code, { status, meaning }]) => [code, { status, meaning }]),
    ),
  };
}

function paths(): Json {
  const found: Record<string, Json> = {};
  for (const operation of OPERATIONS) {
    const path = found[operation.path] ?? {};
    found[operation.path] = path;
    path[operation.method.toLowerCase()] = operationObject(operation);
  }
  return found;
}

function operationObject(operation: DocumentedOperation): Json {
  const { id, tag, summary, body } = operation;
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(tag === 'Hooks' || tag === 'Playback' ? { security: [] } : {}),
    parameters: parameters(operation),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: body.optional !== true,
            content: { [body.mediaType ?? 'application/json']: { schema: reference(body.schema, 'input') } },
          },
        }),
    responses: responses(operation),
  };
}

function parameters({ path, query, headers = {} }: DocumentedOperation): Json[] {
  return [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    })),
    ...Object.entries(query?.shape ?? {}).map(([name, schema]) => ({
      name,
      in: 'query',
      schema: jsonSchema(schema as z.ZodMiniType, 'input'),
    })),
    ...Object.entries(headers).map(([name, { schema, description }]) => ({
      name,
      in: 'header',
      description,
      schema: jsonSchema(schema, 'input'),
    })),
  ];
}

const RETRY_AFTER = {
  'Retry-After': { description: 'Seconds, where trying again is right', schema: { type: 'integer' } },
};

function responses(operation: DocumentedOperation): Json {
  const found: Json = {};
  for (const [status, { description, schema }] of Object.entries(operation.answers)) {
    found[status] = {
      description,
      ...(schema === undefined
        ? {}
        : { content: { 'application/json': { schema: reference(schema, 'output') } } }),
    };
  }
  const codes = [...operation.errors, ...EVERYWHERE];
  for (const status of [...new Set(codes.map((code) => ERRORS[code].status))].sort()) {
    const these = codes.filter((code) => ERRORS[code].status === status);
    found[status] = {
      description: these.map((code) => `\`${code}\`: ${ERRORS[code].meaning}`).join(' '),
      ...(these.some((code) => 'retryAfterSeconds' in ERRORS[code]) ? { headers: RETRY_AFTER } : {}),
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
    };
  }
  return found;
}

function reference(schema: z.ZodMiniType, io: 'input' | 'output'): Json {
  const named = Object.entries(COMPONENTS).find(([, one]) => one === schema);
  return named === undefined ? jsonSchema(schema, io) : { $ref: `#/components/schemas/${named[0]}` };
}

function jsonSchema(schema: z.ZodMiniType, io: 'input' | 'output'): Json {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return json;
}
