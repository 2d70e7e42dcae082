import { setTimeout as delay } from 'node:timers/promises';
import { StateStore } from '../../functions/aws/stateStore.ts';
import { attemptKey } from '../../functions/core/state/keys.ts';
import { claimSchema } from '../../functions/core/state/objects.ts';
import { waitFor } from '../support/children.ts';
import { Publisher } from './publisher.ts';
import {
  available,
  call,
  type Ground,
  hasCheckpoint,
  judge,
  type Result,
  type Scenario,
  start,
  view,
} from './scenario.ts';
import { hostPid, kill, warmHosts, workerPid } from './victim.ts';

export const HOST_KINDS = ['worker', 'host'] as const;
type HostScenario = Scenario & { readonly kind: (typeof HOST_KINDS)[number] };

interface Running {
  readonly publisher: Publisher;
  readonly recordingId: string;
  readonly session: string;
  readonly hostId: string;
}

/**
 * Recordings beside each other on hosts; one host, or its worker, is killed. Those that it carried lose what any killed
 * recorder loses and go on; the others notice nothing.
 */
export async function playHosts(ground: Ground, scenario: HostScenario, count: number): Promise<Result[]> {
  const running: Running[] = [];
  try {
    // ECS has started another one for each that was killed before.
    await waitFor('two warm hosts', () => (warmHosts(ground.folder) === 2 ? true : undefined), {
      timeoutMs: 60_000,
    });
    for (let i = 0; i < count; i++) running.push(await begin(ground, `${scenario.name}-${i}`, scenario));
    await Promise.all(
      running.map(({ recordingId }) =>
        waitFor('the first checkpoint', () => hasCheckpoint(ground, recordingId), { timeoutMs: 40_000 }),
      ),
    );
    await delay(scenario.afterMs);
    const hostId = running[0]?.hostId ?? '';
    const isVictim = (one: Running): boolean => one.hostId === hostId;
    const sent = running.map(({ publisher }) => publisher.frames);
    strike(scenario.kind, hostId);
    await Promise.all(running.filter(isVictim).map((one) => goesOn(ground, one)));
    await delay(4_000);
    return await Promise.all(
      running.map(async (one, i) => {
        await call(ground.runtime, 'POST', '/rest-api/stream/stopRecording', { mediaSessionId: one.session });
        const done = await available(ground.runtime, one.recordingId);
        const own = { ...scenario, name: one.session };
        const result = await judge(ground, own, one.recordingId, done, sent[i] ?? 0);
        const disturbed = !isVictim(one) && done.parts.length > 1 ? ['it noticed the death of another'] : [];
        return { ...result, problems: [...result.problems, ...disturbed] };
      }),
    );
  } catch (error) {
    return [{ scenario, lossMs: Number.NaN, gapMs: undefined, problems: [String(error)] }];
  } finally {
    await Promise.all(running.map(({ publisher }) => publisher.kill()));
  }
}

async function begin(ground: Ground, session: string, { format }: Scenario): Promise<Running> {
  const { runtime, rtmpUrl, s3 } = ground;
  const url = `${rtmpUrl}/${session}`;
  const publisher = new Publisher(url);
  try {
    await call(runtime, 'PUT', `/streams/${session}`, { name: session, sourceUrl: url });
    const recordingId = await start(runtime, session, format);
    const store = new StateStore(s3, 'landing');
    const claim = await waitFor('a host', async () => {
      return (await store.read(attemptKey(recordingId, 1, 'claim'), claimSchema))?.value;
    });
    if (claim.hostId === undefined) throw new Error('no host took it in time');
    return { publisher, recordingId, session, hostId: claim.hostId };
  } catch (error) {
    await publisher.kill();
    throw error;
  }
}

function strike(kind: HostScenario['kind'], hostId: string): void {
  const host = hostPid(hostId);
  const victim = kind === 'host' || host === undefined ? host : workerPid(host);
  // A host's container goes as a whole.
  if (!kill(kind === 'host' && victim !== undefined ? -victim : victim)) throw new Error('it had gone');
}

async function goesOn({ runtime }: Ground, { recordingId }: Running): Promise<void> {
  await waitFor(
    'the recording to go on',
    async () => {
      const { parts, status } = await view(runtime, recordingId);
      if (status === 'failed' || status === 'available') throw new Error(`it is ${status}`);
      return parts.length > 1 || undefined;
    },
    { timeoutMs: 90_000 },
  );
}
