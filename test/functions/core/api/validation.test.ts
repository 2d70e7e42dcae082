import { describe, expect, it } from 'vitest';
import { errorBody, RecorderError } from '../../../../functions/core/api/errors.ts';
import { methodsOf } from '../../../../functions/core/api/routes.ts';
import { announceBody, mediaSessionBody } from '../../../../functions/core/api/schemas.ts';
import { parseInput } from '../../../../functions/core/api/validation.ts';

describe('bad input names the field and the rule', () => {
  const announce = { name: 's1', sourceUrl: 'rtmp://h/s1' };
  it.each([
    [mediaSessionBody, {}, 'mediaSessionId', 'mediaSessionId is missing.'],
    [mediaSessionBody, { mediaSessionId: 7 }, 'mediaSessionId', 'mediaSessionId must be a string.'],
    [mediaSessionBody, { mediaSessionId: '' }, 'mediaSessionId', 'mediaSessionId must not be empty.'],
    [
      mediaSessionBody,
      { mediaSessionId: 'x'.repeat(257) },
      'mediaSessionId',
      'mediaSessionId must have at most 256 characters.',
    ],
    [mediaSessionBody, [], 'body', 'body must be an object.'],
    [mediaSessionBody, null, 'body', 'body must be an object.'],
    [
      announceBody,
      { ...announce, status: 'LIVE' },
      'status',
      'status must be one of NEW, PENDING, PUBLISHING',
    ],
    [announceBody, { ...announce, hasVideo: 'yes' }, 'hasVideo', 'hasVideo must be a boolean.'],
    [announceBody, { ...announce, eventAtMs: -1 }, 'eventAtMs', 'eventAtMs must be at least 0.'],
    [
      announceBody,
      { ...announce, sorceUrl: 'x' },
      'sorceUrl',
      'sorceUrl is not known. Known are: name, sourceUrl, sourceSecret, ',
    ],
  ])('%#', (schema, input, field, message) => {
    let caught: unknown;
    try {
      parseInput<unknown>(schema, input);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(RecorderError);
    expect(caught).toMatchObject({ code: 'invalid_request', status: 400, field });
    expect((caught as Error).message).toContain(message);
  });
});

describe('error bodies', () => {
  it('show a RecorderError as it is', () => {
    const error = new RecorderError('invalid_request', 'name is missing.', { field: 'name' });
    expect(errorBody(error, 'r1')).toEqual({
      status: 400,
      body: {
        error: { code: 'invalid_request', message: 'name is missing.', field: 'name', requestId: 'r1' },
      },
    });
  });

  it('show nothing of the inside for anything else', () => {
    const { status, body } = errorBody(new Error('AccessDenied on arn:aws:s3:::secret-bucket'), 'r1');
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain('secret-bucket');
    expect(body.error).toMatchObject({ code: 'internal_error', requestId: 'r1' });
  });
});

describe('methodsOf', () => {
  it.each([
    ['/rest-api/stream/startRecording', ['POST']],
    ['/stream/startRecording/', ['POST']],
    ['/rest-api/recorder/find_all', ['POST']],
    ['/rest-api/stream/nothing', []],
    ['/streams/a%2Fb', ['GET', 'PUT', 'DELETE']],
    ['/recordings/01ARZ3NDEKTSV4RRFFQ69G5FAV', ['GET', 'DELETE']],
    ['/recordings/previewName', ['GET', 'DELETE', 'POST']],
    ['/streams/', []],
    ['/streams', ['GET']],
    ['/nowhere', []],
  ])('%s has %j', (path, methods) => {
    expect(methodsOf(path).sort()).toEqual([...methods].sort());
  });
});
