import { counterFile, OFTEN_SENT } from '../support/liveCounter.ts';
import { isThere } from '../support/tools.ts';

/** Before any test runs: while one waited for ffmpeg, nothing else in its process would go on. */
export function setup(): void {
  if (isThere('ffmpeg')) for (const options of OFTEN_SENT) counterFile(options);
}
