import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { COMPILE_CACHE } from '../../../../infra/local/compileCache.ts';
import { LambdaFunction, type LambdaFunctionSpec } from '../../../../infra/local/lambda/function.ts';
import { waitFor } from '../../../support/children.ts';

const lines: string[] = [];
const open: LambdaFunction[] = [];

function make(spec: Partial<LambdaFunctionSpec> = {}, file = 'function'): LambdaFunction {
  const made = new LambdaFunction({
    functionName: 'test',
    handlerPath: async () => path.join(import.meta.dirname, 'fixtures', `${file}.ts`),
    functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:test',
    memoryMb: 128,
    timeoutMs: 20_000,
    maxEnvironments: 2,
    env: { ONLY: 'this' },
    onLog: (line) => lines.push(line),
    ...spec,
  });
  open.push(made);
  return made;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
  lines.length = 0;
});

const payload = async (invocation: ReturnType<LambdaFunction['invoke']>): Promise<unknown> => {
  const result = await invocation;
  if (!result.ok) throw new Error(`${result.errorType}: ${result.errorMessage}`);
  return result.payload;
};

describe('a function', () => {
  it('stays warm between invocations', async () => {
    const one = make();
    expect(await payload(one.invoke({ do: 'echo', value: [1, 'é'] }))).toEqual({
      value: [1, 'é'],
      invocations: 1,
    });
    expect(await payload(one.invoke({ do: 'echo' }))).toEqual({ invocations: 2 });
    expect(await payload(one.invoke({ do: 'nothing' }))).toBeNull();
  });

  it('is ended when it has been idle for a minute, and starts anew', async () => {
    const timers = new Set<() => void>();
    const one = make({
      after: (delayMs, run) => {
        expect(delayMs).toBe(60_000);
        timers.add(run);
        return () => timers.delete(run);
      },
    });
    await payload(one.invoke({ do: 'echo' }));
    expect(await payload(one.invoke({ do: 'echo' }))).toEqual({ invocations: 2 });
    expect(timers.size).toBe(1);
    for (const run of timers) run();
    expect(await payload(one.invoke({ do: 'echo' }))).toEqual({ invocations: 1 });
    expect(lines).toEqual([]);
  });

  it('has an environment of its own and Lambda’s context', async () => {
    process.env.NOT_FOR_FUNCTIONS = 'secret';
    const described = await payload(make({ timeoutMs: 900_000 }).invoke({ do: 'describe' }));
    const { environment, compileCache, context } = described as {
      environment: unknown;
      compileCache?: string;
      context: { remainingMs: number };
    };
    expect(environment).toEqual({ ONLY: 'this' });
    // It would be compiled anew in each environment: a quarter of what one needs until it answers.
    expect(compileCache).toContain(COMPILE_CACHE);
    expect(context).toMatchObject({
      awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      functionName: 'test',
      functionVersion: '$LATEST',
      invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:test',
      memoryLimitInMB: '128',
      logGroupName: '/aws/lambda/test',
      logStreamName: expect.stringMatching(/^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/),
    });
    // Less what a test may take.
    expect(context.remainingMs).toBeGreaterThan(900_000 - 120_000);
    expect(context.remainingMs).toBeLessThanOrEqual(900_000);
  });

  it('hands its lines on', async () => {
    await make().invoke({ do: 'log' });
    await waitFor('both lines', () => (lines.length === 2 ? true : undefined), { everyMs: 5 });
    expect(lines.sort()).toEqual(['to stderr', '{"level":"INFO","message":"to stdout"}']);
  });

  it('that throws fails the invocation, is logged, and stays warm', async () => {
    const one = make();
    expect(await one.invoke({ do: 'throw' })).toEqual({
      ok: false,
      errorType: 'TypeError',
      errorMessage: 'as asked',
    });
    const logged = await waitFor('the log line', () => lines[0], { everyMs: 5 });
    expect(JSON.parse(logged)).toMatchObject({
      level: 'ERROR',
      message: 'Invoke Error',
      errorMessage: 'as asked',
    });
    expect(await payload(one.invoke({ do: 'echo' }))).toEqual({ invocations: 2 });
  });

  it.each([
    ['exits', 'exit', /exit status 3/],
    ['throws where nobody catches', 'unhandled', /nobody catches this/],
  ])('that %s fails the invocation; the next one has a new environment', async (_name, what, message) => {
    const one = make();
    expect(await one.invoke({ do: what })).toMatchObject({
      ok: false,
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringMatching(message),
    });
    expect(lines.map((line) => JSON.parse(line).errorType)).toEqual(['Runtime.ExitError']);
    expect(await payload(one.invoke({ do: 'echo' }))).toEqual({ invocations: 1 });
  });

  it.each(['hang', 'spin'])('that does not answer in time (%s) is killed', async (what) => {
    const one = make({ timeoutMs: 300 });
    expect(await one.invoke({ do: what })).toMatchObject({
      ok: false,
      errorType: 'Sandbox.Timedout',
      errorMessage: expect.stringMatching(/^[0-9a-f-]{36} Task timed out after 0\.30 seconds$/),
    });
    // On a busy machine this may not be answered in time either.
    const next = await waitFor('an answer', async () => {
      const result = await one.invoke({ do: 'echo' });
      return result.ok ? result.payload : undefined;
    });
    expect(next).toEqual({ invocations: 1 });
  });

  it('that cannot be imported fails each invocation with the reason', async () => {
    const one = make({}, 'brokenFunction');
    for (let i = 0; i < 2; i++)
      expect(await one.invoke({})).toMatchObject({
        ok: false,
        errorType: 'Runtime.ExitError',
        errorMessage: expect.stringMatching(/cannot be imported/),
      });
  });

  it('runs as many invocations at once as it may; the others wait their turn', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'turns-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const until = path.join(folder, 'until');
    const one = make();
    const slow = [1, 2].map(() => one.invoke({ do: 'wait', value: until }));
    const third = one.invoke({ do: 'echo', value: 'third' });
    writeFileSync(until, '');
    for (const invocation of slow) expect(await payload(invocation)).toEqual({ invocations: 1 });
    // In an environment that had one of the others before.
    expect(await payload(third)).toEqual({ value: 'third', invocations: 2 });
  });

  describe('with fewer environments that begin as soon as they are wanted', () => {
    /** What is to happen after a moment; of an environment that is idle nothing is. */
    const moments = new Set<() => void>();
    const crowded = (): LambdaFunction =>
      make({
        promptEnvironments: 1,
        after: (delayMs, run) => {
          if (delayMs < 60_000) moments.add(run);
          return () => moments.delete(run);
        },
      });
    afterEach(() => moments.clear());

    it('lets others wait for these, which soon answer', async () => {
      const one = crowded();
      const [first, second] = [one.invoke({ do: 'echo' }), one.invoke({ do: 'echo' })];
      expect(moments.size).toBe(1);
      expect(await payload(first)).toEqual({ invocations: 1 });
      expect(await payload(second)).toEqual({ invocations: 2 });
      expect(moments.size).toBe(0);
    });

    it('begins another one for what has waited for a moment, and has it from then on', async () => {
      const one = crowded();
      const slow = [one.invoke({ do: 'hang' })];
      const [second, third] = [one.invoke({ do: 'echo' }), one.invoke({ do: 'echo' })];
      expect(moments.size).toBe(2);
      for (const run of moments) run();
      expect(await payload(second)).toEqual({ invocations: 1 });
      expect(await payload(third)).toEqual({ invocations: 2 });
      expect(await payload(one.invoke({ do: 'echo' }))).toEqual({ invocations: 3 });
      await one.close();
      expect(await Promise.all(slow)).toMatchObject([{ ok: false }]);
    });
  });

  it('fails what still runs when it is closed, and takes no more', async () => {
    const one = make();
    await one.invoke({ do: 'echo' });
    const running = one.invoke({ do: 'hang' });
    await one.close();
    expect(await running).toMatchObject({ ok: false });
    expect(await one.invoke({ do: 'echo' })).toMatchObject({ ok: false, errorType: 'Runtime.Closed' });
  });
});
