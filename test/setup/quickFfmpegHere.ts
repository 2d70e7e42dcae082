import { setup } from './quickFfmpeg.ts';

/** For a program that runs without vitest. Imported before all that looks for ffmpeg while it is loaded. */
setup();
