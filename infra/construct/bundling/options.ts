import path from 'node:path';

/**
 * How a function is bundled: ESM, minified, the SDK inside (a cold start with Lambda's own SDK was slower: 359 ms against
 * 137 ms).
 */
export const BUNDLE_TARGET = 'node24';

/** `module` first: the SDK's ES modules can be tree-shaken, its CommonJS cannot. */
export const BUNDLE_MAIN_FIELDS = ['module', 'main'];

/** CommonJS packages inside an ES module still want `require`. */
export const BUNDLE_BANNER =
  "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);";

/**
 * Lambda gives its credentials in environment variables, always. The SDK's default chain (SSO, login, profiles, STS,
 * instance metadata) is a quarter of a bundle and is never used there.
 */
export const BUNDLE_ALIASES: Readonly<Record<string, string>> = {
  '@aws-sdk/credential-provider-node': path.join(import.meta.dirname, 'environmentCredentials.ts'),
};
