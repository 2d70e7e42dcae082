import path from 'node:path';
import type { TestSpecification } from 'vitest/node';

/**
 * Files that take long, the longest first: one that begins last goes on alone while the cores idle. vitest knows how long each
 * took the last time, but nothing of that in a fresh clone, where it goes by their size. Those that take less than some fifteen
 * seconds need not be here.
 */
export const LONG: readonly string[] = [
  'test/container/source/hls/soundApart.test.ts',
  'test/container/record/recording.test.ts',
  'test/container/source/live/lostSources.test.ts',
  'test/functions/relocation/faults.test.ts',
  'test/e2e/wcsRecording.test.ts',
  'test/container/source/live/stalledSources.test.ts',
  'test/infra/local/main.test.ts',
  'test/clients/web/console.test.ts',
  'test/container/source/reach/playlistAttacks.test.ts',
  'test/container/record/everyCodec.test.ts',
  'test/e2e/hosts.test.ts',
  'test/e2e/playback.test.ts',
  'test/e2e/record.test.ts',
  'test/container/source/hls/finished.test.ts',
  'test/container/source/hls/live.test.ts',
  'test/container/source/live/tracks.test.ts',
  'test/functions/clips/making.test.ts',
  'test/clients/web/madeUpApi.test.ts',
  'test/container/source/live/slowSources.test.ts',
  'test/container/source/live/everySource.test.ts',
  'test/functions/core/media/liveTracks.test.ts',
  'test/container/source/live/lateRtspCamera.test.ts',
  'test/container/source/live/lateTracks.test.ts',
  'test/container/record/parameterChanges.test.ts',
  'test/infra/emulators/s3/memory.test.ts',
  'test/functions/core/media/containers.test.ts',
  'test/e2e/wrongClock.test.ts',
  'test/functions/mending/rescueBesideLive.test.ts',
  'test/container/source/reach/sources.test.ts',
  'test/container/record/formats.test.ts',
  'test/container/source/live/stoppedAtOnce.test.ts',
  'test/container/source/reach/reconnect.test.ts',
  'test/functions/core/protocol/protocol.model.test.ts',
];

type Sortable = Pick<TestSpecification, 'moduleId'> & {
  readonly project: { readonly name: string; readonly config: { readonly root: string } };
};

/** Most of the long ones wait most of the time: others, which do not, begin between them, until so much of all have begun. */
const BETWEEN = 0.6;

/** @param sorted as vitest does it: projects one after the other. @returns the same, the long ones of each project early */
export function longFirst<T extends Sortable>(sorted: readonly T[]): T[] {
  const rank = ({ moduleId, project }: T): number =>
    LONG.indexOf(path.relative(project.config.root, moduleId));
  return [...Map.groupBy(sorted, ({ project }) => project.name).values()].flatMap((own) => {
    const long = own.filter((one) => rank(one) >= 0).sort((one, other) => rank(one) - rank(other));
    const others = own.filter((one) => rank(one) < 0);
    const each = Math.floor((BETWEEN * others.length) / Math.max(1, long.length));
    const early = long.flatMap((one, i) => [one, ...others.slice(each * i, each * (i + 1))]);
    return [...early, ...others.slice(each * long.length)];
  });
}
