import { bundleFunctions } from './bundle.ts';

/** `node infra/construct/bundling/main.ts FOLDER [FUNCTION…]`, all by default: for synth, which waits for it. */
const [, , folder, ...names] = process.argv;
if (folder === undefined) throw new Error('Say into which folder.');
await bundleFunctions(folder, names.length === 0 ? undefined : names);
