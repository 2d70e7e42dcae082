import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Cell, gridCells } from '../../../../functions/core/rooms/grid.ts';
import type { MergeParticipant, MergePiece, MergePlan } from '../../../../functions/core/rooms/merge.ts';
import {
  frameAt,
  restOfScene,
  SCENE_MAX_MS,
  type Scene,
  SEAT_KEPT_MS,
  scenesOf,
} from '../../../../functions/core/rooms/scenes.ts';

const PICTURE = { width: 1280, height: 720, fps: 25 };
const VIDEO = { kind: 'video', codec: 'h264' } as const;
const AUDIO = { kind: 'audio', codec: 'aac' } as const;

interface Wanted {
  readonly fromMs: number;
  readonly toMs: number;
  readonly tracks?: MergePiece['tracks'];
  readonly gaps?: MergePiece['gaps'];
}

function piece({ fromMs, toMs, tracks = [VIDEO, AUDIO], gaps = [] }: Wanted, part = 1): MergePiece {
  const durationMs = toMs - fromMs;
  return {
    ...{
      recordingId: 'r',
      attempt: 1,
      part,
      bucket: 'library',
      key: 'r.mp4',
      etag: '"1"',
      bytes: 1,
      format: 'mp4',
    },
    ...{ startTimeMs: 1_000 + fromMs, durationMs, fromMs: 0, toMs: durationMs },
    ...{ shownFromMs: fromMs, shownToMs: toMs, gaps: [...gaps], tracks: [...tracks] },
  };
}

function plan(durationMs: number, participants: Readonly<Record<string, readonly Wanted[]>>): MergePlan {
  return {
    zeroMs: 1_000,
    durationMs,
    leftOut: [],
    participants: Object.entries(participants).map(([name, pieces]) => ({
      name,
      pieces: pieces.map((one, place) => piece(one, place + 1)),
    })),
  };
}

/** As one line each: from when to when, who has a cell, and what is read from where. */
const told = (scenes: readonly Scene[]): string[] =>
  scenes.map(({ firstFrame, frames, seats, inputs }) => {
    const read = inputs.map(
      ({ piece: { part }, fromMs, cell }) => `${part}@${fromMs}${cell ? '' : ' sound'}`,
    );
    return `${firstFrame}-${firstFrame + frames}: ${seats.map(({ name }) => name).join()} <- ${read.join()}`;
  });

it('cuts where somebody comes, leaves or returns, and leaves what is empty black', () => {
  const room = plan(10_000, {
    anna: [{ fromMs: 1_000, toMs: 8_000 }],
    ben: [
      { fromMs: 2_000, toMs: 4_000 },
      { fromMs: 6_000, toMs: 8_000 },
    ],
  });
  expect(told(scenesOf(room, PICTURE))).toEqual([
    '0-25:  <- ',
    '25-50: anna <- 1@0',
    '50-100: anna,ben <- 1@1000,1@0',
    '100-150: anna <- 1@3000',
    '150-200: anna,ben <- 1@5000,2@0',
    '200-250:  <- ',
  ]);
});

it('gives sound alone no cell, unless there is nothing else', () => {
  const room = plan(4_000, {
    anna: [{ fromMs: 0, toMs: 2_000 }],
    ear: [{ fromMs: 0, toMs: 4_000, tracks: [AUDIO] }],
  });
  expect(told(scenesOf(room, PICTURE))).toEqual([
    '0-50: anna <- 1@0,1@0 sound',
    '50-100: ear <- 1@2000 sound',
  ]);
});

it('keeps the cell of who is away for a moment, and takes it from who is away for longer', () => {
  const away = (durationMs: number): string[] =>
    told(
      scenesOf(
        plan(9_000, {
          anna: [{ fromMs: 0, toMs: 9_000, gaps: [{ atMs: 2_000, durationMs }] }],
          ben: [
            { fromMs: 0, toMs: 5_000 },
            { fromMs: 5_000 + durationMs, toMs: 9_000 },
          ],
        }),
        PICTURE,
      ),
    );
  expect(away(SEAT_KEPT_MS)).toEqual([
    '0-125: anna,ben <- 1@0,1@0',
    '125-150: anna,ben <- 1@5000',
    '150-225: anna,ben <- 1@6000,2@0',
  ]);
  expect(away(2_000)).toEqual([
    '0-50: anna,ben <- 1@0,1@0',
    '50-100: ben <- 1@2000',
    '100-125: anna,ben <- 1@4000,1@4000',
    '125-175: anna <- 1@5000',
    '175-225: anna,ben <- 1@7000,2@0',
  ]);
});

it('divides what lasts for hours', () => {
  const scenes = scenesOf(
    plan(2.5 * SCENE_MAX_MS, { anna: [{ fromMs: 0, toMs: 2.5 * SCENE_MAX_MS }] }),
    PICTURE,
  );
  expect(scenes.map(({ frames }) => frames)).toEqual([15_000, 15_000, 7_500]);
  expect(scenes.map(({ inputs }) => inputs[0]?.fromMs)).toEqual([0, SCENE_MAX_MS, 2 * SCENE_MAX_MS]);
});

it('goes on in the middle of a scene', () => {
  const [scene] = scenesOf(plan(4_000, { anna: [{ fromMs: 0, toMs: 4_000 }] }), PICTURE);
  const rest = restOfScene(scene as Scene, 30, PICTURE.fps);
  expect(told([rest])).toEqual(['30-100: anna <- 1@1200']);
});

it.each([
  [1, 1280, 720],
  [2, 640, 720],
  [4, 640, 360],
  [6, 426, 360],
  [9, 426, 240],
  [50, 160, 102],
])('%i have cells of %i × %i', (count, width, height) => {
  const cells = gridCells(count, PICTURE);
  expect(new Set(cells.map((cell) => `${cell.width}x${cell.height}`))).toEqual(
    new Set([`${width}x${height}`]),
  );
});

it('puts two one above the other where the picture is upright', () => {
  expect(gridCells(2, { width: 360, height: 640 }).map(({ x, y }) => [x, y])).toEqual([
    [0, 0],
    [0, 320],
  ]);
});

function expectApart(
  cells: readonly Cell[],
  picture: { readonly width: number; readonly height: number },
): void {
  const isWrong = ({ x, y, width, height }: Cell, place: number): boolean =>
    [x, y, width, height].some((pixels) => pixels % 2 !== 0) ||
    Math.min(x, y) < 0 ||
    Math.min(width, height) <= 0 ||
    x + width > picture.width ||
    y + height > picture.height ||
    cells.slice(place + 1).some((other) => {
      const besides = other.x >= x + width || other.x + other.width <= x;
      const above = other.y >= y + height || other.y + other.height <= y;
      return !besides && !above;
    });
  // One expectation: one for each pair of cells takes most of the time.
  expect(cells.filter(isWrong)).toEqual([]);
}

const sizes = fc.record({
  width: fc.integer({ min: 32, max: 2_000 }),
  height: fc.integer({ min: 32, max: 2_000 }),
});

it('cells lie inside of the picture, on even pixels, and never on each other', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), sizes, (count, size) => {
      const cells = gridCells(count, size);
      expect(cells).toHaveLength(count);
      expectApart(cells, size);
    }),
  );
});

const DURATION_MS = 20_000;
/** Comes and goes: pairs of times, in order. */
const participants = fc
  .uniqueArray(fc.integer({ min: 0, max: DURATION_MS }), { minLength: 2, maxLength: 8 })
  .map((times) => times.sort((one, other) => one - other))
  .chain((times) =>
    fc.record({
      times: fc.constant(times.slice(0, times.length - (times.length % 2))),
      tracks: fc.constantFrom<MergePiece['tracks'][]>([VIDEO, AUDIO], [VIDEO], [AUDIO]),
    }),
  )
  .map(({ times, tracks }): MergeParticipant['pieces'] =>
    times.flatMap((fromMs, place) =>
      place % 2 === 1 ? [] : [piece({ fromMs, toMs: times[place + 1] ?? fromMs, tracks }, place)],
    ),
  );

it('has each frame once, and a cell for everybody who has a picture then', () => {
  fc.assert(
    fc.property(
      fc.array(participants, { minLength: 1, maxLength: 12 }),
      fc.constantFrom(10, 25, 30),
      (all, fps) => {
        const picture = { ...PICTURE, fps };
        const room = { zeroMs: 0, durationMs: DURATION_MS, leftOut: [] };
        const named = all.map((pieces, place) => ({ name: String(place), pieces }));
        const scenes = scenesOf({ ...room, participants: named }, picture);
        let frame = 0;
        // One expectation of all: one for each person in each scene takes most of the time.
        const wrong: object[] = [];
        for (const { firstFrame, frames, inputs, seats } of scenes) {
          expect(firstFrame).toBe(frame);
          expect(frames).toBeGreaterThan(0);
          frame += frames;
          expectApart(
            seats.map(({ cell }) => cell),
            picture,
          );
          for (const { name, pieces } of named) {
            const now = pieces.find(
              ({ shownFromMs, shownToMs }) =>
                frameAt(shownFromMs, fps) <= firstFrame && frameAt(shownToMs, fps) > firstFrame,
            );
            const input = inputs.find((one) => one.piece === now);
            const seat = seats.find((one) => one.name === name);
            const isSeated = seat !== undefined && isDeepStrictEqual(input?.cell, seat.cell);
            const offMs = (input?.fromMs ?? 0) - ((firstFrame * 1_000) / fps - (now?.shownFromMs ?? 0));
            if (
              (input === undefined) !== (now === undefined) ||
              (now?.tracks.includes(VIDEO) && !isSeated) ||
              (input !== undefined && Math.abs(offMs) > 500 / fps + 1e-6)
            )
              wrong.push({ firstFrame, name, now, input, seat });
          }
        }
        expect(wrong).toEqual([]);
        expect(frame).toBe(frameAt(DURATION_MS, fps));
      },
    ),
  );
});
