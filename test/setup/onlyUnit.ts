import childProcess from 'node:child_process';
import dgram from 'node:dgram';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';

/** Holds unit tests to their level (./levels.ts): here no process starts and nothing listens. */
function refuse(what: string): () => never {
  return () => {
    throw new Error(
      `A unit test ${what}: whatever imports that below test/ is a media test (test/setup/levels.ts)`,
    );
  };
}

const startsProcess = refuse('starts a process');
// Every asynchronous way of starting one ends there.
Object.assign(childProcess.ChildProcess.prototype, { spawn: startsProcess });
Object.assign(childProcess, {
  spawnSync: startsProcess,
  execSync: startsProcess,
  execFileSync: startsProcess,
});
net.Server.prototype.listen = refuse('opens a server');
dgram.Socket.prototype.bind = refuse('opens a socket');
syncBuiltinESMExports();
