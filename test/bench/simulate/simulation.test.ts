import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Agenda, seededRandom } from '../../../bench/simulate/agenda.ts';
import { costOfHour } from '../../../bench/simulate/cost.ts';
import { scenarioOf } from '../../../bench/simulate/main.ts';
import { Processor } from '../../../bench/simulate/processor.ts';
import { reportOf } from '../../../bench/simulate/report.ts';
import type { Scenario } from '../../../bench/simulate/scenario.ts';
import { simulate } from '../../../bench/simulate/simulation.ts';

function scenario(args: string): Scenario {
  const found = scenarioOf(args.split(' ').filter((arg) => arg !== ''));
  if (found === undefined) throw new Error('help was asked for');
  return found;
}

const anyScenario = fc
  .record({
    recordings: fc.integer({ min: 1, max: 150 }),
    over: fc.integer({ min: 1, max: 300 }),
    hours: fc.integer({ min: 1, max: 3 }),
    min: fc.integer({ min: 0, max: 4 }),
    more: fc.integer({ min: 0, max: 3 }),
    perHost: fc.integer({ min: 1, max: 40 }),
    moves: fc.integer({ min: 1, max: 100 }),
    vcpus: fc.integer({ min: 1, max: 60 }),
    lambda: fc.integer({ min: 2, max: 1_000 }),
    seed: fc.integer({ min: 1, max: 1_000 }),
  })
  .map(({ min, more, perHost, ...numbers }) => {
    const hosts = min === 0 ? '' : ` --hosts ${min}-${min + more} --per-host ${perHost}`;
    return scenario(
      Object.entries(numbers)
        .map(([name, value]) => `--${name} ${value}`)
        .join(' ') + hosts,
    );
  });

describe('a simulation', () => {
  it('loses nothing: each start is recorded or given up, each part is moved once', () => {
    fc.assert(
      fc.property(anyScenario, (one) => {
        const { starts, hosted, dedicated, parts } = simulate(one);
        expect(starts.asked).toBe(one.load.recordings);
        expect(starts.recorded + starts.givenUp).toBe(starts.asked);
        expect(hosted + dedicated).toBe(starts.recorded);
        expect(parts.moved).toBe(parts.closed);
        expect(parts.closed).toBe(starts.recorded * (one.load.untilMs / one.load.rotateEveryMs));
      }),
      { numRuns: 60 },
    );
  });

  it('keeps every limit that it was given', () => {
    fc.assert(
      fc.property(anyScenario, (one) => {
        const { fleet, quotas, load } = one;
        const { hostsMost, tasksMost, lambdaMost, hours } = simulate(one);
        const standing = fleet.hosts?.min ?? 0;
        expect(hostsMost).toBeLessThanOrEqual(fleet.hosts?.max ?? 0);
        expect(hostsMost).toBeGreaterThanOrEqual(standing);
        expect(tasksMost * fleet.taskVcpus).toBeLessThanOrEqual(quotas.fargateVcpus);
        expect(lambdaMost).toBeLessThanOrEqual(quotas.lambdaConcurrency);
        expect(hours.hosted + hours.dedicated).toBeLessThanOrEqual(
          (load.recordings * load.untilMs) / load.rotateEveryMs,
        );
      }),
      { numRuns: 60 },
    );
  });

  it('gives the same result for the same seed, and another one for another', () => {
    const one = simulate(scenario('--recordings 200 --hosts 2-5 --seed 7'));
    expect(simulate(scenario('--recordings 200 --hosts 2-5 --seed 7'))).toEqual(one);
    expect(simulate(scenario('--recordings 200 --hosts 2-5 --seed 8'))).not.toEqual(one);
  });

  it('shows what hosts are for: starts within seconds, for a fifth of the cost', () => {
    const alone = scenario('--recordings 100');
    // Each keeps room free for what has just begun: four of them have too little for all.
    const hosted = scenario('--recordings 100 --hosts 6-10');
    const [slow, fast] = [simulate(alone), simulate(hosted)];
    expect(slow.dedicated).toBe(100);
    expect(fast.hosted).toBe(100);
    expect(slow.startLatencyMs.median).toBeGreaterThan(20_000);
    expect(fast.startLatencyMs.p99).toBeLessThan(5_000);
    expect(costOfHour(fast, hosted).sum).toBeLessThan(0.008);
    expect(costOfHour(fast, hosted).sum).toBeLessThan(costOfHour(slow, alone).sum / 4);
  });

  it('shows that a host takes no more than it has room for: what begins at once goes to tasks', () => {
    const { hosted, dedicated, startLatencyMs } = simulate(scenario('--recordings 100 --over 1 --hosts 2-2'));
    expect(hosted + dedicated).toBe(100);
    expect(hosted).toBeGreaterThan(10);
    // Of 0.7 vCPU each start reserves a fiftieth.
    expect(hosted).toBeLessThanOrEqual(2 * 35);
    expect(startLatencyMs.most).toBeGreaterThan(10_000);
  });

  it('starts no more tasks than RunTask takes: twenty a second, and the rest later', () => {
    const { startLatencyMs, runTask, starts } = simulate(scenario('--recordings 1000 --over 1'));
    expect(starts).toEqual({ asked: 1_000, recorded: 1_000, givenUp: 0 });
    expect(runTask.refused).toBeGreaterThan(0);
    // 980 of them wait for a token each.
    expect(startLatencyMs.most).toBeGreaterThan((1_000 / 20) * 1_000);
  });

  it('gives up what the quota of vCPUs does not let begin', () => {
    const { starts, vcpusMost } = simulate(scenario('--recordings 100 --vcpus 6'));
    expect(starts).toEqual({ asked: 100, recorded: 24, givenUp: 76 });
    expect(vcpusMost).toBe(6);
  });

  it('shows the hour: parts that end together wait for moves, and for S3', () => {
    const few = simulate(scenario('--recordings 2000 --hosts 80-100'));
    const more = simulate(scenario('--recordings 2000 --hosts 80-100 --moves 400 --partitions 4'));
    expect(few.moveAgeMs.most).toBeGreaterThan(2 * more.moveAgeMs.most);
    expect(few.s3.longestWaitMs).toBeGreaterThan(more.s3.longestWaitMs);
    expect(more.lambdaMost).toBeGreaterThan(few.lambdaMost);
  });

  it('is told in lines that name what binds', () => {
    const one = scenario('--recordings 30 --vcpus 6');
    const text = reportOf(one, simulate(one));
    for (const line of [
      /^recorded +24 of 30: 0 on hosts, 24 in tasks$/m,
      /^never started +6$/m,
      /^cost of an hour +\$0\.0/m,
    ]) {
      expect(text).toMatch(line);
    }
  });

  it.each([
    ['--recordings 0', /--recordings must be a number above 0, and is 0/],
    ['--hosts 5', /--hosts must be two numbers such as 2-10, and is 5/],
    ['--hosts 5-2', /--hosts must be two numbers/],
    ['--what 1', /Unknown option '--what'/],
  ])('refuses %s', (args, message) => {
    expect(() => scenario(args)).toThrow(message);
  });
});

describe('an agenda', () => {
  it('lets everything happen in the order of its time, and of its telling', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 60 }), (times) => {
        const agenda = new Agenda();
        const seen: [number, number][] = [];
        for (const [index, atMs] of times.entries()) {
          agenda.at(atMs, () => {
            seen.push([agenda.nowMs, index]);
            // What is told on the way happens too.
            if (index % 5 === 0) agenda.after(3, () => seen.push([agenda.nowMs, times.length]));
          });
        }
        agenda.run();
        expect(seen).toHaveLength(times.length + Math.ceil(times.length / 5));
        expect(seen.map(([atMs]) => atMs)).toEqual(seen.map(([atMs]) => atMs).toSorted((a, b) => a - b));
        const told = seen.filter(([, index]) => index < times.length);
        expect(told).toEqual(told.toSorted(([one, first], [other, second]) => one - other || first - second));
      }),
    );
  });
});

describe('a processor', () => {
  it('shares its cores evenly, and gives none to one job twice', () => {
    const agenda = new Agenda();
    const processor = new Processor(agenda, 2);
    const ended: number[] = [];
    for (let n = 0; n < 4; n++) processor.run(1_000, () => ended.push(agenda.nowMs));
    agenda.at(5_000, () => processor.run(1_000, () => ended.push(agenda.nowMs)));
    agenda.run();
    expect(ended.map(Math.round)).toEqual([2_000, 2_000, 2_000, 2_000, 6_000]);
  });

  it('gives what runs in one thread one core, however many jobs that has', () => {
    const agenda = new Agenda();
    const processor = new Processor(agenda, 2);
    const usage = { cpuMs: 0 };
    const ended: [string, number][] = [];
    const thread = {};
    for (const cpuMs of [500, 1_000, 1_000])
      processor.run(cpuMs, () => ended.push(['together', agenda.nowMs]), { thread, usage });
    for (let n = 0; n < 2; n++) processor.run(1_000, () => ended.push(['alone', agenda.nowMs]));
    agenda.run();
    // Three threads on two cores have two thirds of one each; then one has one of them.
    expect(ended.map(([what, atMs]) => [what, Math.round(atMs)])).toEqual([
      ['alone', 1_500],
      ['alone', 1_500],
      ['together', 2_000],
      ['together', 3_000],
      ['together', 3_000],
    ]);
    expect(Math.round(usage.cpuMs)).toBe(2_500);
  });

  it('gives to what gives way only what nobody else wants', () => {
    const agenda = new Agenda();
    const processor = new Processor(agenda, 1);
    const ended: [string, number][] = [];
    processor.take(0.5);
    processor.run(100, () => ended.push(['gives way', agenda.nowMs]), { givesWay: true });
    agenda.at(100, () => processor.run(100, () => ended.push(['goes first', agenda.nowMs])));
    agenda.run();
    // Half of it is done, the other one has all there is for 200 ms, and then the rest is.
    expect(ended.map(([what, atMs]) => [what, Math.round(atMs)])).toEqual([
      ['goes first', 300],
      ['gives way', 400],
    ]);
  });

  it('does all the work that it is given, as fast as its cores are', () => {
    const jobs = fc.array(
      fc.record({
        atMs: fc.integer({ min: 0, max: 2_000 }),
        cpuMs: fc.integer({ min: 1, max: 500 }),
        givesWay: fc.boolean(),
      }),
      { minLength: 1, maxLength: 30 },
    );
    fc.assert(
      fc.property(jobs, fc.integer({ min: 1, max: 4 }), (all, cores) => {
        const agenda = new Agenda();
        const processor = new Processor(agenda, cores);
        let ended = 0;
        for (const { atMs, cpuMs, givesWay } of all) {
          agenda.at(atMs, () => processor.run(cpuMs, () => ++ended, { givesWay }));
        }
        agenda.run();
        expect(ended).toBe(all.length);
        const work = all.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
        const last = Math.max(...all.map(({ atMs, cpuMs }) => atMs + cpuMs));
        expect(agenda.nowMs).toBeGreaterThanOrEqual(Math.max(work / cores, last) - 1);
        expect(agenda.nowMs).toBeLessThanOrEqual(2_000 + work + 1);
      }),
    );
  });
});

it('random numbers are spread evenly, and begin anew with their seed', () => {
  const random = seededRandom(42);
  const drawn = Array.from({ length: 10_000 }, random);
  const tenths = Array.from(
    { length: 10 },
    (_, tenth) => drawn.filter((one) => Math.floor(one * 10) === tenth).length,
  );
  for (const count of tenths) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  const again = seededRandom(42);
  expect(Array.from({ length: 3 }, again)).toEqual(drawn.slice(0, 3));
});
