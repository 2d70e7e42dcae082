import type { MediaFolder } from '../media.ts';
import type { Recorded, RecorderBench } from '../recorderBench.ts';
import { beepsIn, framesOf, type HeardBeep, type ShownFrame } from './shown.ts';

export interface ShownPart {
  readonly frames: readonly ShownFrame[];
  readonly beeps: readonly HeardBeep[];
}

/** What is seen and heard of each part of a recording. */
export async function shownParts(
  bench: RecorderBench,
  folder: MediaFolder,
  { objects, recordingId }: Pick<Recorded, 'objects' | 'recordingId'>,
): Promise<ShownPart[]> {
  const finals = [...objects.parts.values()].flatMap(({ final }) => final ?? []);
  return Promise.all(
    finals.map(async ({ key, part }) => {
      const file = folder.write(`${recordingId}-${part}.mp4`, await bench.object(key));
      return { frames: await framesOf(file), beeps: await beepsIn(file) };
    }),
  );
}
