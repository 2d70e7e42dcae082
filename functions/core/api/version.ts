/** Of the package, as `package.json` has it, which a function's bundle has not; a test holds the two together. */
export const VERSION = '0.1.0';

/** Of the HTTP API: another one is another API. */
export const API_VERSION = '1';
