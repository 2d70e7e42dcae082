import * as z from 'zod/mini';
import type { ErrorCode } from './errors.ts';
import type { Route } from './routes.ts';

/** One operation of the HTTP API, as its document describes it. The schemas are those that the functions validate with. */
export interface DocumentedOperation {
  readonly id: string;
  readonly tag: 'WCS' | 'Recordings' | 'Clips' | 'Playback' | 'Rooms' | 'Streams' | 'Hooks';
  readonly method: Route['method'];
  readonly path: string;
  readonly summary: string;
  readonly body?: {
    readonly schema: z.ZodMiniType;
    readonly mediaType?: string;
    readonly optional?: boolean;
  };
  readonly query?: z.ZodMiniObject;
  readonly headers?: Readonly<
    Record<string, { readonly schema: z.ZodMiniType; readonly description: string }>
  >;
  readonly answers: Readonly<
    Record<number, { readonly description: string; readonly schema?: z.ZodMiniType }>
  >;
  /** Besides those that every operation may answer with. */
  readonly errors: readonly ErrorCode[];
}

export const body = (schema: z.ZodMiniType) => ({ body: { schema } });
export const BODY_ERRORS = ['invalid_request', 'malformed_json', 'body_too_large'] as const;

/** Every resource has an ETag. */
export const IF_NONE_MATCH = {
  headers: { 'If-None-Match': { schema: z.string(), description: 'The `ETag` of an earlier answer' } },
} as const;
export const UNCHANGED = { 304: { description: 'Nothing changed since' } } as const;
