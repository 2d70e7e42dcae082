import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';

/** KILL, SETGID and SETUID. */
const RECORDERS_CAPABILITIES = '00000000000000e0';
const NO_CAPABILITIES = '0000000000000000';
const SETS = ['CapInh', 'CapPrm', 'CapEff', 'CapAmb'];
/** Node's debugger: whoever reaches it runs what he likes with all that the process may. */
const DEBUGGER_PORT = 9229;

/**
 * What a stream that has taken ffmpeg over finds (docs/decisions/ffmpeg-apart.md), tried by processes of its user.
 * @param recorder a container's first process, which records, as this machine counts
 */
export async function checkApart(recorder: number): Promise<void> {
  const ffmpeg = Number(readFileSync(`/proc/${recorder}/task/${recorder}/children`, 'utf8').split(' ')[0]);
  const own = statusOf(ffmpeg);
  const user = Number(own.get('Uid')?.[0]);
  assert.ok(user > 65_536, `ffmpeg is user ${user}`);
  for (const kind of ['Uid', 'Gid']) {
    assert.deepEqual(
      own.get(kind),
      Array.from({ length: 4 }, () => String(user)),
      kind,
    );
    assert.deepEqual(statusOf(recorder).get(kind), ['1000', '1000', '1000', '1000'], kind);
  }
  for (const groups of [own.get('Groups'), statusOf(recorder).get('Groups')]) assert.deepEqual(groups, []);
  for (const set of SETS) {
    assert.deepEqual(own.get(set), [NO_CAPABILITIES], set);
    assert.deepEqual(statusOf(recorder).get(set), [RECORDERS_CAPABILITIES], set);
  }
  assert.deepEqual(own.get('NoNewPrivs'), ['1']);
  assert.equal(readFileSync(`/proc/${ffmpeg}/oom_score_adj`, 'utf8').trim(), '1000');

  const as = (uid: number, command: string, ...args: string[]) =>
    spawnSync(command, args, { uid, gid: uid, encoding: 'utf8' });
  assert.match(as(user, 'cat', `/proc/${ffmpeg}/environ`).stdout, /LC_ALL=C/);
  const spool = statSync(`/proc/${recorder}/root/spool`);
  assert.deepEqual([spool.uid, spool.mode & 0o777], [1000, 0o700]);
  // Its own user cannot look into the recorder either, nor another ffmpeg into this one.
  for (const [uid, pid] of [
    [user, recorder],
    [1000, recorder],
    [user + 1, ffmpeg],
  ] as const) {
    for (const file of ['environ', 'mem', 'fd/0', 'root/spool']) {
      const { stdout, stderr } = as(uid, 'cat', `/proc/${pid}/${file}`);
      assert.equal(stdout, '', `user ${uid} reads ${file}`);
      assert.match(stderr, /denied/, `user ${uid}, ${file}`);
    }
  }
  for (const pid of [recorder, 1]) {
    assert.match(as(user, '/bin/kill', '-USR1', String(pid)).stderr, /not permitted/);
  }
  // Its own user may, which opens nothing.
  assert.equal(as(1000, '/bin/kill', '-USR1', String(recorder)).status, 0);
  const [refusal] = (await once(connect(DEBUGGER_PORT, '127.0.0.1'), 'error')) as [NodeJS.ErrnoException];
  assert.equal(refusal.code, 'ECONNREFUSED');
}

/** What the kernel says of a process, by name. */
function statusOf(pid: number): ReadonlyMap<string, readonly string[]> {
  return new Map(
    readFileSync(`/proc/${pid}/status`, 'utf8')
      .split('\n')
      .map((line) => {
        const [name = '', ...values] = line.split(/[:\s]+/);
        return [name, values.filter((value) => value !== '')] as const;
      }),
  );
}
