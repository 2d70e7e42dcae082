import { bundleFunctions } from './bundle.ts';

/** `node infra/construct/bundling/main.ts FOLDER`: for synth, which waits for it. */
const [, , folder] = process.argv;
if (folder === undefined) throw new Error('Say into which folder.');
await bundleFunctions(folder);
