import process from 'node:process';
import { describe, expect, it } from 'vitest';

// Not imported: that would make a media test of this file.
const { execFile, execFileSync, spawn, spawnSync } = process.getBuiltinModule('child_process');
const { createServer } = process.getBuiltinModule('http');
const { createSocket } = process.getBuiltinModule('dgram');

describe('a unit test', () => {
  it.each(Object.entries({ execFile, execFileSync, spawn, spawnSync }))(
    'starts no process with %s',
    (_name, start) => {
      expect(() => start(process.execPath, ['--version'])).toThrow('A unit test starts a process');
    },
  );

  it('opens no server and no socket', () => {
    expect(() => createServer().listen(0)).toThrow('A unit test opens a server');
    expect(() => createSocket('udp4').bind(0)).toThrow('A unit test opens a socket');
  });
});
