import * as z from 'zod/mini';

/** What fields of state objects are made of. Times are epoch milliseconds and end in `AtMs`. */
export const atMs = z.int().check(z.nonnegative());
export const count = z.int().check(z.nonnegative());
/** Numbers of what is counted from 1. */
export const ordinal = z.int().check(z.positive());
export const text = z.string();
export const optional = z.exactOptional;
