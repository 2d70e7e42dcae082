import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Mp4Reader } from '../../../functions/core/media/mp4/reader.ts';
import type { FaultAction, FaultRule } from '../../../infra/emulators/shared/faults.ts';
import { patternBytes } from '../../contract/s3/support.ts';
import { MediaFolder } from '../../support/media.ts';
import { atLeastOne, PartInMemory } from '../../support/parts.ts';
import { describeWith } from '../../support/tools.ts';
import { MoveBench } from './bench.ts';
import { expectMovedOnce } from './expectations.ts';
import type { LandOptions } from './landed.ts';

const TIMEOUT_MS = 400;
const SMALL = patternBytes(50_000);
/** Which calls there are does not hang on how large the parts are: ./multipartCopy.test.ts has those of S3. */
const PART_BYTES = 64 * 1024;
/** Where no answer is to be given up. */
const PATIENT_MS = 60_000;
const FAULTS: readonly (readonly [string, FaultAction])[] = [
  ['fails once', { kind: 'fail', status: 500, code: 'InternalError' }],
  ['is cut off once', { kind: 'resetMidBody', afterBytes: 0 }],
  ['times out once, and is carried out later', { kind: 'delay', delayMs: 2 * TIMEOUT_MS }],
  ['is carried out, and its answer is lost once', { kind: 'dropAnswer' }],
];

/** One rule for each call of a move that went well: it hits that very call of the next one. */
function rulesFor(calls: readonly string[], action: FaultAction): FaultRule[] {
  return calls.map((operation, index) => ({
    service: operation === 'PutEvents' ? 'events' : 's3',
    operation,
    nth: calls.slice(0, index + 1).filter((other) => other === operation).length,
    action,
  }));
}

interface Calls {
  readonly calls: readonly string[];
  /** What each was about. */
  readonly asked: readonly string[];
}
const withoutFault = new Map<string, Calls>();

/** Of a move without a fault, whose record is looked at: they are the same whichever fault comes next. */
async function callsOf(
  bench: MoveBench,
  body: Buffer,
  options: LandOptions,
  expected: Buffer,
): Promise<Calls> {
  const kind = JSON.stringify([body.length, options]);
  const found = withoutFault.get(kind) ?? (await moved(bench, body, options, expected));
  withoutFault.set(kind, found);
  return found;
}

async function moved(bench: MoveBench, body: Buffer, options: LandOptions, expected: Buffer): Promise<Calls> {
  const landed = await bench.land(body, options);
  bench.calls.length = 0;
  bench.asked.length = 0;
  await bench.move(landed.key);
  const [calls, asked] = [[...bench.calls], [...bench.asked]];
  await expectMovedOnce(bench, landed, expected);
  return { calls, asked };
}

/**
 * Moves once for each call of a move, with the fault at that call: at those from which on it differs from the move of a
 * record that is copied as a whole, if this is another one.
 */
async function sweep(
  bench: MoveBench,
  body: Buffer,
  options: LandOptions,
  action: FaultAction,
  expected = body,
): Promise<number> {
  const { calls, asked } = await callsOf(bench, body, { ...options, streamName: 'without fault' }, expected);
  const rules = rulesFor(calls, action);
  const plain = body === SMALL ? [] : (await callsOf(bench, SMALL, { streamName: 'plain' }, SMALL)).asked;
  const from = asked.findIndex((call, index) => call !== plain[index]);
  for (const [index, rule] of rules.entries()) {
    if (index < from) continue;
    const landed = await bench.land(body, { ...options, streamName: `${rule.operation} ${index}` });
    bench.faults.add(rule);
    await bench.deliver(landed.key);
    bench.faults.clear();
    await expectMovedOnce(bench, landed, expected);
  }
  return rules.length;
}

describe.each(FAULTS)('every call %s', (_name, action) => {
  let bench: MoveBench;
  beforeAll(async () => {
    bench = await MoveBench.start({
      requestTimeoutMs: action.kind === 'delay' ? TIMEOUT_MS : PATIENT_MS,
      limits: { copyMaxBytes: SMALL.length, partBytes: PART_BYTES, atOnce: 1 },
      partMinBytes: PART_BYTES,
    });
  });
  afterAll(() => bench.close());

  it('of a copy', async () => {
    expect(await sweep(bench, SMALL, {}, action)).toBeGreaterThanOrEqual(9);
  }, 180_000);

  it('of a large copy', async () => {
    expect(await sweep(bench, patternBytes(PART_BYTES + 1000), {}, action)).toBeGreaterThanOrEqual(13);
  }, 180_000);
});

describeWith(['ffmpeg'], 'every call of the move of a rescued MP4', () => {
  const folder = new MediaFolder();
  let bench: MoveBench;
  let body: Buffer;
  let ordinary: Buffer;
  beforeAll(async () => {
    bench = await MoveBench.start({ requestTimeoutMs: TIMEOUT_MS });
    const reader = new Mp4Reader();
    const source = folder.pipe('source.mp4', [
      ...['-f', 'lavfi', '-i', 'testsrc2=size=160x90:rate=25:duration=4', '-c:v', 'libx264', '-g', '25'],
      ...['-f', 'mp4', '-frag_duration', '1000000'],
      ...['-movflags', '+frag_keyframe+empty_moov+delay_moov+default_base_moof+skip_trailer'],
    ]);
    const part = new PartInMemory(reader, atLeastOne(reader.push(source)));
    body = part.begun;
    ordinary = part.finished();
  });
  afterAll(async () => {
    await bench.close();
    folder.remove();
  });

  it.each(FAULTS)(
    '%s',
    async (_name, action) => {
      const calls = await sweep(bench, body, { rescued: true }, action, ordinary);
      expect(calls).toBeGreaterThanOrEqual(10);
    },
    180_000,
  );
});
