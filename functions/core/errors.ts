/**
 * Every error that a caller can be told, in one table: its code, HTTP status and what it means. Handlers throw
 * `RecorderError`; one middleware turns it into `{"error":{code,message,field,requestId}}`.
 */
export const ERROR_STATUS = {
  /** A field is missing, of the wrong type or out of its limits; `field` names it. */
  invalid_request: 400,
  /** The body is not JSON. */
  malformed_json: 400,
  /** The body is longer than 64 KiB. */
  body_too_large: 413,
  /** A hook's secret or signature is not one of this deployment's. */
  hook_refused: 403,
  /** No stream with this mediaSessionId is PUBLISHING. */
  session_not_found: 404,
  /** The media session has never been recorded, or the recording does not exist. */
  recording_not_found: 404,
  /** No such route. */
  route_not_found: 404,
  /** The route exists, but not with this method. */
  method_not_allowed: 405,
  /** A stream was announced with an older event time than the one already known. */
  stale_event: 409,
  /** The recording goes on, or its records are on their way to the library: it cannot be deleted yet. */
  recording_active: 409,
  /** The recording has ended: nothing can be asked of it. */
  recording_ended: 409,
  /** The Idempotency-Key was used before, for another request. */
  idempotency_key_reused: 422,
  /** Many starts for one stream at the same moment; the same request may be sent again. */
  session_busy: 409,
  /** ECS has no capacity for a recorder now; the same request may be sent again. */
  capacity_unavailable: 503,
  /** Something failed inside; the log has it under the request id. */
  internal_error: 500,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;

export class RecorderError extends Error {
  override readonly name = 'RecorderError';
  readonly code: ErrorCode;
  readonly status: number;
  /** Path of the field at fault, as in the request: `config.rotation`. */
  readonly field: string | undefined;

  constructor(code: ErrorCode, message: string, options: { field?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = ERROR_STATUS[code];
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
