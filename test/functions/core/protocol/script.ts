import fc from 'fast-check';

/**
 * How a task of a script ends; one that goes on does so until it is calm, `silent` ones never open a part. One that hands
 * over asks for the next attempt first, and records on.
 */
const TASK_STORIES = [
  'goes on',
  'killed',
  'killed silent',
  'killed with its host',
  'told to end',
  'hands over',
  'hands over, killed',
  'hands over, source ended',
  'defect',
  'source ended',
  'source failed silent',
  'never started',
] as const;
export type TaskStory = (typeof TASK_STORIES)[number];

/** What befalls a world. */
export interface Script {
  readonly starts: number;
  readonly stops: number;
  /** Publications of the stream that follow each other, by hooks: each begins, and may end. */
  readonly publications: number;
  /** How the n-th task ends. */
  readonly tasks: readonly TaskStory[];
  /** Whether the n-th task's event is delivered, twice, or lost. */
  readonly events: readonly number[];
  /** Of all calls, counted over all processes: these die before them. */
  readonly deaths: readonly number[];
  /** RunTasks that are refused for want of capacity. */
  readonly refusals: readonly number[];
  /** How long a call takes. */
  readonly callMs: number;
  /** Hosts carry recordings, as far as nobody launches a task before; else each has a task of its own. */
  readonly hasHosts: boolean;
  /** Calls of others until a task is launched of what hosts may have. */
  readonly launchesAfter: number;
  /** So many times that a task is to be launched hosts say that they have room, whether they take it or not. */
  readonly looksWithRoom: number;
  /** How long a host has carried what dies. */
  readonly hostedMs: number;
}

/** As often without faults as with them: then nothing is left to be mended. */
const faults = <T>(some: fc.Arbitrary<T[]>): fc.Arbitrary<T[]> => fc.oneof(fc.constant<T[]>([]), some);

const chaos = {
  tasks: fc.array(fc.constantFrom(...TASK_STORIES), { minLength: 1, maxLength: 8 }),
  events: fc.oneof(
    fc.array(fc.integer({ min: 1, max: 2 }), { maxLength: 8 }),
    fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 8 }),
  ),
  deaths: faults(fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 6 })),
  refusals: faults(fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 4 })),
  callMs: fc.constantFrom(1, 300, 5_000),
  hasHosts: fc.constant(false),
  launchesAfter: fc.constant(0),
  looksWithRoom: fc.constant(0),
  hostedMs: fc.constant(0),
};

/** Nothing dies and no event is lost: whatever came in which order, it has been seen to. */
export const isFaultless = ({ deaths, events }: Script): boolean =>
  deaths.length === 0 && !events.includes(0);

/** Starts and stops of one publication. */
export const oneStream: fc.Arbitrary<Script> = fc.record({
  ...chaos,
  starts: fc.integer({ min: 1, max: 4 }),
  stops: fc.integer({ min: 0, max: 3 }),
  publications: fc.constant(0),
});

/** The same on hosts. One that has carried a recording for a minute takes what a worker of its own had, past all queues. */
export const oneStreamOnHosts: fc.Arbitrary<Script> = fc
  .record({
    script: oneStream,
    first: fc.constantFrom<TaskStory>('killed', 'killed silent', 'killed with its host', 'goes on'),
    hostedMs: fc.constantFrom(0, 60_000),
    launchesAfter: fc.constantFrom(0, 20),
    looksWithRoom: fc.constantFrom(0, 2, 100),
  })
  .map(({ script, first, ...hosts }) => ({
    ...{ ...script, ...hosts, hasHosts: true },
    tasks: [first, ...script.tasks],
  }));

/** A stream that is published again and again, by hooks that have it recorded. */
export const manyPublications: fc.Arbitrary<Script> = fc.record({
  ...chaos,
  starts: fc.integer({ min: 0, max: 2 }),
  stops: fc.integer({ min: 0, max: 2 }),
  publications: fc.integer({ min: 1, max: 3 }),
});
