import { readFileSync } from 'node:fs';
import path from 'node:path';
import { DescribeTasksCommand, ListTasksCommand, type Task } from '@aws-sdk/client-ecs';
import { DeleteObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import type { Recording } from '../../clients/typescript/client.ts';
import { EVENT_SCHEMAS, EVENT_TYPES } from '../../functions/core/events/published.ts';
import { stoppedTask } from '../../functions/core/events/taskStateChange.ts';
import { type Check, holds, NotHere } from './check.ts';
import { seconds, until, type VerifyContext } from './context.ts';
import { type Ear, listen } from './delivery.ts';
import { link, probePrefix } from './storage.ts';

/** Fargate takes tens of seconds to start a task; a start that nobody takes is given up after ten minutes. */
const STARTED_WITHIN_MS = 180_000;
/** The most that Fargate lets a container have between SIGTERM and SIGKILL. */
const STOP_TIMEOUT_MS = 120_000;
const MOVED_WITHIN_MS = 120_000;
const TOLD_WITHIN_MS = 180_000;

/** Its source stands still, and is to be recorded until the check stops it, however slow all else is. In seconds. */
const PATIENT = { idleTimeout: 300, reconnectWindow: 300 };
/** Two seconds each, 64 by 48 pixels and a tone: made by ffmpeg's testsrc and sine. */
const SEGMENTS = ['0.mpegts', '1.mpegts'];

/** Asks the API what it answers for what is not there: who may call, and how its routes are found. */
export function apiChecks({ api, runId }: VerifyContext): Check[] {
  const codeOf = async (path: string): Promise<string> => {
    const { error } = await api.raw.GET(path as '/recordings');
    return (
      (error as { error?: { code?: string } } | undefined)?.error?.code ?? JSON.stringify(error ?? 'done')
    );
  };
  return [
    {
      claim: 'the API lets this caller in, and says in JSON what it does not have',
      run: async () => {
        const code = await codeOf(`/recordings/${runId}`);
        holds(code === 'recording_not_found', `an unknown recording is answered ${code}`);
        return undefined;
      },
    },
    {
      claim: 'a stream whose id has a slash is reached',
      run: async () => {
        const name = `${runId}/stream`;
        const parameters = { params: { path: { mediaSessionId: name } } };
        const put = await api.raw.PUT('/streams/{mediaSessionId}', {
          ...parameters,
          body: { name: runId, sourceUrl: 'https://verify.invalid/x.m3u8', record: false },
        });
        await api.raw.DELETE('/streams/{mediaSessionId}', parameters);
        const seen = put.data?.mediaSessionId ?? JSON.stringify(put.error);
        holds(seen === name, `it is answered ${seen}`);
        return undefined;
      },
    },
  ];
}

/** One recording of a playlist that never grows, from its start to its events: a source that needs no server. */
export function recordingChecks(context: VerifyContext): Check[] {
  const { api, s3, ecs, deployment, undo } = context;
  let ear: Promise<Ear> | undefined;
  let begun: { readonly recordingId: string; readonly task: Task | undefined } | undefined;
  let stoppedAtMs = 0;
  let ended: Recording | undefined;

  const started = () => {
    if (begun === undefined) throw new Error('not reached: no recording has begun');
    return begun;
  };
  const taskOf = () => {
    const { task, recordingId } = started();
    if (task?.taskArn === undefined)
      throw new NotHere('a host carried the recording, and no task of its own');
    return { taskArn: task.taskArn, recordingId };
  };
  const hearing = (): Promise<Ear> => {
    ear ??= listen(context);
    return ear;
  };

  return [
    {
      claim: 'rules hand events of the bus and of ECS to a queue',
      run: async () => {
        await hearing();
        return undefined;
      },
    },
    {
      claim: 'a recorder comes, may write to its disk, reads its source and has a first frame',
      run: async () => {
        const sourceUrl = await publishPicture(context);
        const beganMs = performance.now();
        const { recordingId = '' } = await api.start(
          { sourceUrl, streamName: 'verify', config: PATIENT },
          context.runId,
        );
        undo.later(`the recording ${recordingId}`, () => forget(context, recordingId));
        await until('first frame', STARTED_WITHIN_MS, async () => {
          const { status, reason } = await api.recording(recordingId);
          holds(status !== 'failed', `it failed: ${reason?.code} (${reason?.message})`);
          return status === 'recording' || undefined;
        });
        const tookMs = performance.now() - beganMs;
        const [task] = await tasksOf(context, recordingId);
        begun = { recordingId, task };
        return `after ${seconds(tookMs)}${task === undefined ? ', on a host' : `, in a task of ${task.capacityProviderName ?? task.launchType}`}`;
      },
    },
    {
      claim: 'a task is found by startedBy, which is its recording',
      run: async () => {
        const { taskArn, recordingId } = taskOf();
        const { tasks } = await ecs.send(
          new DescribeTasksCommand({ cluster: deployment.clusterName, tasks: [taskArn] }),
        );
        const seen = tasks?.[0]?.startedBy;
        holds(seen === recordingId, `it is ${seen}`);
        return undefined;
      },
    },
    {
      claim: 'a stop ends it well: its record is in the library, with its CRC-32',
      run: async () => {
        const { recordingId } = started();
        stoppedAtMs = Date.now();
        await api.stop(recordingId);
        ended = await until('record in the library', STOP_TIMEOUT_MS + MOVED_WITHIN_MS, async () => {
          const seen = await api.recording(recordingId);
          holds(seen.status !== 'failed', `it failed: ${seen.reason?.code} (${seen.reason?.message})`);
          return seen.status === 'available' ? seen : undefined;
        });
        const tookMs = Date.now() - stoppedAtMs;
        const [part] = ended.parts;
        const head = await s3.send(
          new HeadObjectCommand({
            Bucket: part?.library?.bucket,
            Key: part?.library?.key,
            ChecksumMode: 'ENABLED',
          }),
        );
        holds(head.ChecksumCRC32 !== undefined, 'the object has no CRC-32');
        holds(
          head.ChecksumCRC32 === part?.crc32,
          `the object has ${head.ChecksumCRC32}, the API says ${part?.crc32}`,
        );
        const { VersionId } = head;
        if (VersionId !== undefined) {
          // Deleting a recording leaves what versions its bucket keeps.
          const version = { Bucket: part?.library?.bucket, Key: part?.library?.key, VersionId };
          undo.later('the version of its record', () => s3.send(new DeleteObjectCommand(version)));
        }
        return `${head.ContentLength} bytes, ${seconds(tookMs)} after the stop`;
      },
    },
    {
      claim: 'its container heard SIGTERM and ended by itself, within its stop time-out',
      run: async () => {
        const { taskArn } = taskOf();
        const task = await until('end of the task', TOLD_WITHIN_MS, async () => {
          const describe = { cluster: deployment.clusterName, tasks: [taskArn] };
          const { tasks } = await ecs.send(new DescribeTasksCommand(describe));
          return tasks?.find(({ containers }) => containers?.[0]?.exitCode !== undefined);
        });
        const exitCode = task.containers?.[0]?.exitCode;
        // 137 is SIGKILL.
        holds(exitCode === 0, `its exit code is ${exitCode} (${task.stopCode}: ${task.stoppedReason})`);
        return undefined;
      },
    },
    {
      claim: "events have the shapes of docs/events.md, and ECS's that of its manual",
      run: async () => {
        const heard = await hearing();
        const { recordingId } = started();
        for (const type of [
          EVENT_TYPES.recordingStarted,
          EVENT_TYPES.partFinished,
          EVENT_TYPES.recordAvailable,
          EVENT_TYPES.recordingFinished,
        ]) {
          const event = await heard.hear(
            `event ${type}`,
            TOLD_WITHIN_MS,
            ({ 'detail-type': its, detail }) => its === type && detail.recordingId === recordingId,
          );
          const parsed = EVENT_SCHEMAS[type].safeParse(event.detail);
          holds(parsed.success, `${type} has another shape: ${JSON.stringify(parsed.error?.issues[0])}`);
        }
        const { task } = started();
        if (task === undefined) return 'those of ECS were not looked at: a host carried the recording';
        await heard.hear(
          "event of ECS that says its task's end",
          TOLD_WITHIN_MS,
          (event) => stoppedTask(event)?.recordingId === recordingId,
        );
        return undefined;
      },
    },
    {
      claim: 'whoever has a rule hears of a record soon after the stop',
      run: async () => {
        const heard = await hearing();
        const event = await heard.hear(
          'event Record Available',
          TOLD_WITHIN_MS,
          ({ 'detail-type': type, detail }) =>
            type === EVENT_TYPES.recordAvailable && detail.recordingId === started().recordingId,
        );
        return seconds(event.heardAtMs - stoppedAtMs);
      },
    },
    {
      claim: 'a recording is forgotten with its records',
      run: async () => {
        if (ended === undefined) throw new Error('not reached: no record is in the library');
        const { deletedRecords } = await api.remove(ended.recordingId, { records: true });
        holds(
          deletedRecords === ended.parts.length,
          `${deletedRecords} of ${ended.parts.length} records were deleted`,
        );
        return undefined;
      },
    },
  ];
}

/** A live playlist of two segments in landing, as links: to a recorder, a stream that stands still. */
async function publishPicture({ s3, deployment, runId }: VerifyContext): Promise<string> {
  const { landingBucket: bucket } = deployment;
  const put = async (name: string, body: string | Buffer): Promise<string> => {
    const key = `${probePrefix(runId)}${name}`;
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
    return await link(s3, bucket, key);
  };
  const lines = ['#EXTM3U', '#EXT-X-VERSION:3', '#EXT-X-TARGETDURATION:2', '#EXT-X-MEDIA-SEQUENCE:0'];
  for (const name of SEGMENTS) {
    const url = await put(name, readFileSync(path.join(import.meta.dirname, 'picture', name)));
    lines.push('#EXTINF:2.0,', url);
  }
  return await put('live.m3u8', `${lines.join('\n')}\n`);
}

async function tasksOf({ ecs, deployment }: VerifyContext, recordingId: string): Promise<Task[]> {
  const cluster = deployment.clusterName;
  const { taskArns = [] } = await ecs.send(new ListTasksCommand({ cluster, startedBy: recordingId }));
  if (taskArns.length === 0) return [];
  return (await ecs.send(new DescribeTasksCommand({ cluster, tasks: taskArns }))).tasks ?? [];
}

/** What a check that failed did not get to: stops the recording, and forgets it with its records. */
async function forget({ api }: VerifyContext, recordingId: string): Promise<void> {
  const found = await api.raw.GET('/recordings/{recordingId}', { params: { path: { recordingId } } });
  if (found.data === undefined) return;
  if (found.data.endedAt === undefined) await api.stop(recordingId);
  await until('end of the recording', STOP_TIMEOUT_MS + MOVED_WITHIN_MS, async () => {
    const { status } = await api.recording(recordingId);
    return ['available', 'failed'].includes(status) || undefined;
  });
  await api.remove(recordingId, { records: true });
}
