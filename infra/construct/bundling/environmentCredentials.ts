import { fromEnv } from '@aws-sdk/credential-provider-env';

/** Stands for the SDK's default credential chain inside a function's bundle; see `options.ts`. */
export function defaultProvider(): ReturnType<typeof fromEnv> {
  return fromEnv();
}
