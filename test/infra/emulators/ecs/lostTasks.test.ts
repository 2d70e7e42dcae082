import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { TaskJournal } from '../../../../infra/emulators/ecs/taskJournal.ts';
import { Bench, waitUntilGone } from './support.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tasks-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const journalIn = (name: string) => new TaskJournal(path.join(folder, name));

it('that a killed endpoint left are killed, and told as stopped, once', async () => {
  await using before = await Bench.start({ journal: journalIn('tasks.json') });
  const { taskArn: ended } = await before.run('exit');
  await before.stopped(ended);
  const { taskArn } = await before.run('deaf', { startedBy: 'rec-1' });
  const child = Number((await before.said('grandchild')).split(' ')[1]);
  // As the endpoint's death leaves it.
  await copyFile(path.join(folder, 'tasks.json'), path.join(folder, 'left.json'));

  await using after = await Bench.start({ journal: journalIn('left.json') });
  await waitUntilGone(child);
  expect(after.events).toEqual([]);
  after.server.tellLostTasks();
  const { detail } = await after.stopped(taskArn);
  expect(detail).toMatchObject({
    startedBy: 'rec-1',
    stopCode: 'TerminationNotice',
    stoppedReason: 'The host was lost.',
    overrides: { containerOverrides: [{ environment: [{ name: 'MODE', value: 'deaf' }] }] },
  });
  expect(Date.parse(detail.executionStoppedAt ?? '')).toBeLessThanOrEqual(Date.parse(detail.stoppedAt ?? ''));
  expect(after.eventsOf(ended)).toEqual([]);
  expect(journalIn('left.json').lost).toEqual([]);
});

it('are none after an orderly end', async () => {
  {
    await using bench = await Bench.start({ journal: journalIn('tasks.json') });
    await bench.run('polite');
    await bench.said('ready');
  }
  expect(journalIn('tasks.json').lost).toEqual([]);
});
