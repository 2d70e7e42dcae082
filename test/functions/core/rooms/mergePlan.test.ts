import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MergePiece } from '../../../../functions/core/rooms/merge.ts';
import { mergePlanSchema } from '../../../../functions/core/rooms/merge.ts';
import { planMerge } from '../../../../functions/core/rooms/mergePlan.ts';
import type { RecordingObjects } from '../../../../functions/core/state/fold.ts';
import type { FinalPart, OpenPart } from '../../../../functions/core/state/partObjects.ts';

const START_MS = Date.UTC(2026, 6, 1, 12);
const ALL = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };

interface GivenPart {
  readonly startMs: number;
  readonly durationMs?: number;
  readonly attempt?: number;
  readonly isMoved?: boolean;
}

interface Given {
  readonly name: string;
  readonly session?: string;
  readonly goesOn?: boolean;
  readonly parts: readonly GivenPart[];
}

let count = 0;

function recording({ name, session, goesOn = false, parts }: Given): RecordingObjects {
  count += 1;
  const recordingId = `recording-${String(count).padStart(6, '0')}`;
  const found = parts.map(({ startMs, durationMs, attempt = 1, isMoved = true }, place) => {
    const part = place + 1;
    const startTimeMs = START_MS + startMs;
    const open = { part, attempt, format: 'mp4', startTimeMs, tracks: [] } as unknown as OpenPart;
    const final =
      durationMs === undefined
        ? {}
        : { final: { part, attempt, bytes: 9, durationMs, startTimeMs } as unknown as FinalPart };
    const moved =
      durationMs === undefined || !isMoved
        ? {}
        : { moved: { part, bucket: 'b', key: `${recordingId}/${part}`, etag: 'e', bytes: 9, movedAtMs: 0 } };
    return [part, { open, ...final, ...moved }] as const;
  });
  const first = parts[0]?.startMs ?? 0;
  return {
    job: {
      recordingId,
      mediaSessionId: session ?? recordingId,
      requestedAtMs: START_MS + first,
      stream: { name },
    },
    attempts: new Map(),
    parts: new Map(found),
    ...(goesOn ? {} : { outcome: { status: 'finished' } }),
  } as unknown as RecordingObjects;
}

const times = ({ fromMs, toMs, shownFromMs, shownToMs }: MergePiece): number[] => [
  ...[fromMs, toMs, shownFromMs, shownToMs],
];

const seats = (given: readonly Given[], range = ALL): { name: string; times: number[][] }[] =>
  (planMerge(given.map(recording), range).plan?.participants ?? []).map(({ name, pieces }) => ({
    name,
    times: pieces.map(times),
  }));

describe('the plan of a merge', () => {
  it('has one participant for each name, in the order in which they came, from the first frame on', () => {
    const room: Given[] = [
      { name: 'late', parts: [{ startMs: 5_000, durationMs: 1_000 }] },
      { name: 'b', parts: [{ startMs: 1_000, durationMs: 2_000 }] },
      { name: 'a', parts: [{ startMs: 1_000, durationMs: 4_000 }] },
      // It left, and came back with another stream.
      { name: 'b', parts: [{ startMs: 9_000, durationMs: 1_000 }] },
    ];
    expect(seats(room)).toEqual([
      { name: 'a', times: [[0, 4_000, 0, 4_000]] },
      {
        name: 'b',
        times: [
          [0, 2_000, 0, 2_000],
          [0, 1_000, 8_000, 9_000],
        ],
      },
      { name: 'late', times: [[0, 1_000, 4_000, 5_000]] },
    ]);
    const { plan } = planMerge(room.map(recording), ALL);
    expect([plan?.zeroMs, plan?.durationMs]).toEqual([START_MS + 1_000, 9_000]);
  });

  it('takes the later attempt where both have the same time', () => {
    const handedOver: Given = {
      name: 'a',
      parts: [
        { startMs: 0, durationMs: 6_000 },
        { startMs: 4_000, durationMs: 6_000, attempt: 2 },
      ],
    };
    expect(seats([handedOver])[0]?.times).toEqual([
      [0, 4_000, 0, 4_000],
      [0, 6_000, 4_000, 10_000],
    ]);
  });

  it('takes a recording of the same stream that took the place of another, and a publisher who was quick to return', () => {
    const restarted: Given[] = [
      { name: 'a', session: 's', parts: [{ startMs: 0, durationMs: 9_000 }] },
      { name: 'a', session: 's', parts: [{ startMs: 5_000, durationMs: 9_000 }] },
    ];
    expect(seats(restarted).map((seat) => seat.times)).toEqual([
      [
        [0, 5_000, 0, 5_000],
        [0, 9_000, 5_000, 14_000],
      ],
    ]);
    const returned = restarted.map(({ session: _session, ...one }, place) =>
      place === 0 ? { ...one, parts: [{ startMs: 0, durationMs: 6_000 }] } : one,
    );
    expect(seats(returned)[0]?.times).toEqual([
      [0, 5_000, 0, 5_000],
      [0, 9_000, 5_000, 14_000],
    ]);
  });

  it('has two participants where two streams of one name go on at the same time', () => {
    const both: Given[] = [
      { name: 'a', parts: [{ startMs: 0, durationMs: 9_000 }] },
      { name: 'a', parts: [{ startMs: 1_000, durationMs: 9_000 }] },
    ];
    expect(seats(both).map(({ name, times: own }) => [name, own.length])).toEqual([
      ['a', 1],
      ['a', 1],
    ]);
  });

  it('is cut to its range', () => {
    const room: Given[] = [
      { name: 'a', parts: [{ startMs: 0, durationMs: 10_000 }] },
      { name: 'b', parts: [{ startMs: 5_000, durationMs: 1_000 }] },
      { name: 'gone', parts: [{ startMs: 0, durationMs: 2_000 }] },
    ];
    const range = { fromMs: START_MS + 2_000, toMs: START_MS + 5_500 };
    expect(seats(room, range)).toEqual([
      { name: 'a', times: [[2_000, 5_500, 0, 3_500]] },
      { name: 'b', times: [[0, 500, 3_000, 3_500]] },
    ]);
    const after = { fromMs: START_MS + 20_000, toMs: Number.POSITIVE_INFINITY };
    expect(planMerge(room.map(recording), after)).toEqual({ plan: undefined, pending: [] });
  });

  it('says what it has to wait for', () => {
    const pendingOf = (given: Given, toMs = Number.POSITIVE_INFINITY): (string | number | undefined)[] =>
      planMerge([recording(given)], { ...ALL, toMs: START_MS + toMs }).pending.flatMap(({ part, reason }) => [
        part,
        reason,
      ]);
    const parts = [{ startMs: 0, durationMs: 5_000 }];
    expect(pendingOf({ name: 'a', parts })).toEqual([]);
    expect(pendingOf({ name: 'a', goesOn: true, parts })).toEqual([undefined, 'being_recorded']);
    expect(pendingOf({ name: 'a', goesOn: true, parts: [] })).toEqual([undefined, 'being_recorded']);
    // Whatever it still records comes later.
    expect(pendingOf({ name: 'a', goesOn: true, parts }, 5_000)).toEqual([]);
    expect(pendingOf({ name: 'a', goesOn: true, parts: [{ startMs: 0 }] })).toEqual([1, 'being_recorded']);
    const onItsWay = [{ startMs: 0, durationMs: 5_000, isMoved: false }];
    expect(pendingOf({ name: 'a', parts: onItsWay })).toEqual([1, 'not_in_library']);
    expect(pendingOf({ name: 'a', goesOn: true, parts: [{ startMs: 9_000 }] }, 8_000)).toEqual([]);
  });

  it('has no result of a merge among its participants', () => {
    const one = recording({ name: 'a', parts: [{ startMs: 0, durationMs: 1_000 }] });
    const merged = { ...one, job: { ...one.job, merge: { room: 'r', layout: 'tracks' } } };
    expect(planMerge([merged], ALL)).toEqual({ plan: undefined, pending: [] });
  });
});

describe('of whatever room', () => {
  const parts = fc
    .array(
      fc.record({
        lateMs: fc.integer({ min: 0, max: 3_000 }),
        durationMs: fc.integer({ min: 1, max: 9_000 }),
      }),
      { minLength: 1, maxLength: 4 },
    )
    .chain((own) =>
      fc.array(fc.boolean(), { minLength: own.length, maxLength: own.length }).map((handsOver) => {
        let endMs = 0;
        let attempt = 1;
        return own.map(({ lateMs, durationMs }, place): GivenPart => {
          const isHandOver = handsOver[place] === true && place > 0;
          if (isHandOver) attempt += 1;
          const startMs = isHandOver ? Math.max(0, endMs - lateMs) : endMs;
          endMs = startMs + durationMs;
          return { startMs, durationMs, attempt };
        });
      }),
    );
  const room = fc.array(
    fc.record({ name: fc.constantFrom('a', 'b', 'c'), atMs: fc.integer({ min: 0, max: 20_000 }), parts }).map(
      ({ name, atMs, parts: own }): Given => ({
        name,
        parts: own.map((part) => ({ ...part, startMs: part.startMs + atMs })),
      }),
    ),
    { maxLength: 6 },
  );
  // Others are refused where they are asked for.
  const range = fc
    .record({
      fromMs: fc.oneof(
        fc.constant(-Infinity),
        fc.integer({ min: 0, max: 30_000 }).map((ms) => START_MS + ms),
      ),
      toMs: fc.oneof(
        fc.constant(Infinity),
        fc.integer({ min: 0, max: 40_000 }).map((ms) => START_MS + ms),
      ),
    })
    .filter(({ fromMs, toMs }) => fromMs < toMs);

  it('no participant is shown twice at one time, and every time of a piece is where the wall clock had it', () => {
    fc.assert(
      fc.property(room, range, (given, asked) => {
        const { plan } = planMerge(given.map(recording), asked);
        if (plan === undefined) return;
        expect(mergePlanSchema.parse(JSON.parse(JSON.stringify(plan)))).toEqual(plan);
        expect(plan.durationMs).toBeGreaterThan(0);
        const all = plan.participants.flatMap(({ pieces }) => pieces);
        if (asked.fromMs <= START_MS) expect(Math.min(...all.map((one) => one.shownFromMs))).toBe(0);
        for (const { pieces } of plan.participants) {
          let untilMs = 0;
          for (const piece of pieces) {
            expect(piece.shownFromMs).toBeGreaterThanOrEqual(untilMs);
            expect(piece.shownToMs).toBeGreaterThan(piece.shownFromMs);
            expect(piece.startTimeMs + piece.fromMs).toBe(plan.zeroMs + piece.shownFromMs);
            expect(piece.startTimeMs + piece.toMs).toBe(plan.zeroMs + piece.shownToMs);
            expect(piece.fromMs).toBeGreaterThanOrEqual(0);
            expect(piece.toMs).toBeLessThanOrEqual(piece.durationMs);
            untilMs = piece.shownToMs;
          }
          expect(untilMs).toBeLessThanOrEqual(plan.durationMs);
        }
      }),
    );
  });

  it('every moment that was recorded under a name is shown under it', () => {
    fc.assert(
      fc.property(room, range, fc.integer({ min: 0, max: 60_000 }), (given, asked, ms) => {
        const atMs = START_MS + ms;
        if (atMs < asked.fromMs || atMs >= asked.toMs) return;
        const { plan } = planMerge(given.map(recording), asked);
        for (const name of ['a', 'b', 'c']) {
          const recorded = given.filter(
            (one) =>
              one.name === name &&
              one.parts.some(({ startMs, durationMs = 0 }) => startMs <= ms && ms < startMs + durationMs),
          );
          const shown = (plan?.participants ?? [])
            .filter((one) => one.name === name)
            .flatMap(({ pieces }) => pieces)
            .some(
              ({ shownFromMs, shownToMs }) =>
                (plan?.zeroMs ?? 0) + shownFromMs <= atMs && atMs < (plan?.zeroMs ?? 0) + shownToMs,
            );
          expect(shown).toBe(recorded.length > 0);
        }
      }),
    );
  });

  it('is the same in whatever order the recordings are read', () => {
    fc.assert(
      fc.property(room, range, (given, asked) => {
        const recordings = given.map(recording);
        expect(planMerge(recordings.toReversed(), asked).plan).toEqual(planMerge(recordings, asked).plan);
      }),
    );
  });
});
