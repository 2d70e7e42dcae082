import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..', '..');

/** Where Node keeps what it has compiled of the recorder and of functions: a quarter of a function's first answer. */
export const COMPILE_CACHE = path.join(ROOT, 'node_modules', '.cache', 'node-compile');
