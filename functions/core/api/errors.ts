interface ErrorSpec {
  readonly status: number;
  readonly meaning: string;
  /** The same request is right to be sent again, after so long. */
  readonly retryAfterSeconds?: number;
}

/**
 * Every error that a caller can be told, in one table: its code, HTTP status and what it means. Handlers throw
 * `RecorderError`; one middleware turns it into `{"error":{code,message,field,requestId}}`.
 */
export const ERRORS = {
  invalid_request: {
    status: 400,
    meaning: 'A field is missing, of the wrong type or out of its limits; `field` names it.',
  },
  malformed_json: {
    status: 400,
    meaning: 'The body is not JSON.',
  },
  body_too_large: {
    status: 413,
    meaning: 'The body is longer than 64 KiB.',
  },
  unauthorized: {
    status: 401,
    meaning: 'The ports of WCS ask for HTTP Basic, and these are not its user name and password.',
  },
  hook_refused: {
    status: 403,
    meaning: "A hook's secret or signature is not one of this deployment's.",
  },
  session_not_found: {
    status: 404,
    meaning: 'No stream with this mediaSessionId is PUBLISHING.',
  },
  recording_not_found: {
    status: 404,
    meaning: 'The media session has never been recorded, or the recording does not exist.',
  },
  room_not_found: {
    status: 404,
    meaning: 'No recording was made in this room.',
  },
  route_not_found: {
    status: 404,
    meaning: 'No such route.',
  },
  method_not_allowed: {
    status: 405,
    meaning: 'The route exists, but not with this method.',
  },
  stale_event: {
    status: 409,
    meaning: 'A stream was announced with an older event time than the one already known.',
  },
  recording_active: {
    status: 409,
    meaning:
      'The recording goes on, or its records are on their way to the library: it cannot be deleted yet.',
    retryAfterSeconds: 5,
  },
  recording_ended: {
    status: 409,
    meaning: 'The recording has ended: nothing can be asked of it.',
  },
  link_refused: {
    status: 403,
    meaning: 'A link to a recording, a file or a picture is not one of this deployment, or is past its time.',
  },
  not_playable: {
    status: 409,
    meaning:
      'The recording cannot be played as a stream; the message says why. Its records can be downloaded.',
  },
  clip_not_found: {
    status: 404,
    meaning: 'The recording has no clip with this id.',
  },
  clip_not_possible: {
    status: 409,
    meaning: 'Nothing can be cut from this recording; the message says why.',
  },
  merge_not_found: {
    status: 404,
    meaning: 'There is no merge with this id.',
  },
  merge_not_possible: {
    status: 409,
    meaning: 'These recordings of the room cannot become one file; the message says why.',
  },
  idempotency_key_reused: {
    status: 422,
    meaning: 'The Idempotency-Key was used before, for another request.',
  },
  session_busy: {
    status: 409,
    meaning: 'Many starts for one stream at the same moment; the same request may be sent again.',
    retryAfterSeconds: 1,
  },
  too_many_recordings: {
    status: 429,
    meaning: 'As many recordings go on as the deployment allows.',
    retryAfterSeconds: 30,
  },
  internal_error: {
    status: 500,
    meaning: 'Something failed inside; the log has it under the request id.',
  },
} as const satisfies Record<string, ErrorSpec>;

export type ErrorCode = keyof typeof ERRORS;

export class RecorderError extends Error {
  override readonly name = 'RecorderError';
  readonly code: ErrorCode;
  readonly status: number;
  /** Path of the field at fault, as in the request: `config.rotation`. */
  readonly field: string | undefined;

  constructor(code: ErrorCode, message: string, options: { field?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = ERRORS[code].status;
    this.field = options.field;
  }
}

export interface ErrorBody {
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly field?: string;
    readonly requestId: string;
  };
}

/** The body a caller sees. What is not a RecorderError, or is a fault of ours, shows nothing of the inside. */
export function errorBody(
  error: unknown,
  requestId: string,
): { readonly status: number; readonly body: ErrorBody } {
  if (!(error instanceof RecorderError) || error.code === 'internal_error') {
    return {
      status: 500,
      body: {
        error: { code: 'internal_error', message: 'Something failed on our side. Try again.', requestId },
      },
    };
  }
  const { code, message, field, status } = error;
  return { status, body: { error: { code, message, ...(field === undefined ? {} : { field }), requestId } } };
}

/** `Retry-After` in seconds, where trying again is right. */
export function retryAfter({ error }: ErrorBody): number | undefined {
  const spec: ErrorSpec = ERRORS[error.code];
  return spec.retryAfterSeconds;
}
