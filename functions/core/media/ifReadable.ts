import { MediaError } from './types.ts';

/** Undefined where the bytes are not what their format asks for, and the recording can go on without them. */
export function ifReadable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof MediaError) return undefined;
    throw error;
  }
}
