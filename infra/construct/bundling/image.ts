import { bundleRecorder } from './recorder.ts';

/** `node infra/construct/bundling/image.ts FILE`: for container/Dockerfile. What this folder imports is in the image's context. */
const [, , file] = process.argv;
if (file === undefined) throw new Error('Say into which file.');
await bundleRecorder(file);
