import type { Scene } from '../pictures/storyboard.ts';
import type { RecordingObjects } from '../state/fold.ts';
import type { FinalPart, MovedPart } from '../state/partObjects.ts';
import { playableOf } from './playable.ts';
import { spriteName } from './storyboardNames.ts';

interface PlacedPart {
  readonly final: FinalPart;
  readonly moved: MovedPart;
  readonly untilMs: number;
}

/** The pictures of all parts, where these lie in the stream that is played; of records that are played one by one, in a row. */
export function storyboardScenes(objects: RecordingObjects): Scene[] {
  let startMs = 0;
  return placedParts(objects).flatMap(({ final, moved, untilMs }) => {
    const durationMs = Math.min(untilMs, moved.durationMs ?? final.durationMs);
    const scenes = sceneOf(moved, startMs, durationMs);
    startMs += durationMs;
    return scenes;
  });
}

/** Those of one part alone. */
export function partStoryboardScenes({ parts }: RecordingObjects, part: number): Scene[] {
  const { final, moved } = parts.get(part) ?? {};
  if (final === undefined || moved === undefined) return [];
  return sceneOf(moved, 0, moved.durationMs ?? final.durationMs);
}

function placedParts(objects: RecordingObjects): readonly PlacedPart[] {
  const playable = playableOf(objects)?.parts ?? [];
  if (playable.length > 0) return playable;
  return [...objects.parts]
    .sort(([a], [b]) => a - b)
    .flatMap(([, { final, moved }]) =>
      final === undefined || moved === undefined ? [] : [{ final, moved, untilMs: Number.POSITIVE_INFINITY }],
    );
}

function sceneOf({ part, pictures }: MovedPart, startMs: number, durationMs: number): Scene[] {
  const layout = pictures?.storyboard?.layout;
  return layout === undefined ? [] : [{ layout, image: spriteName(part), startMs, durationMs }];
}
