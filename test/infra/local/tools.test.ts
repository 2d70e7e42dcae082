import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { ensureTools, findOnPath, type Machine, type Tool } from '../../../infra/local/tools.ts';

const APT = 'apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3';

/** A machine that installs by adding to `installed`. */
function machine(overrides: {
  readonly commands: readonly string[];
  readonly isRoot?: boolean;
  readonly sudoAsks?: boolean;
  readonly failing?: string;
}) {
  const said: string[] = [];
  const ran: string[] = [];
  const installed = new Set<string>();
  const made: Machine = {
    isRoot: overrides.isRoot ?? false,
    has: (command) => overrides.commands.includes(command),
    say: (line) => said.push(line),
    run: (command, args) => {
      ran.push([command, ...args].join(' '));
      if (args.includes('true')) return { ok: overrides.sudoAsks !== true, output: '' };
      if (overrides.failing !== undefined && args.includes(overrides.failing))
        return { ok: false, output: 'one\nE: no network\n' };
      if (args.includes('install')) for (const name of args) installed.add(name);
      return { ok: true, output: '' };
    },
  };
  const tool = (name: string): Tool => ({ name, packages: [name], present: () => installed.has(name) });
  return { machine: made, said, ran, tool };
}

describe('missing tools', () => {
  it('are installed by root', () => {
    const { machine: root, said, ran, tool } = machine({ commands: ['apt-get'], isRoot: true });
    expect(ensureTools([tool('ffmpeg'), tool('nginx')], root)).toEqual([]);
    expect(ran).toEqual([`${APT} update`, `${APT} install -y --no-install-recommends ffmpeg nginx`]);
    expect(said).toEqual([
      'ffmpeg, nginx are missing: installing ffmpeg nginx with apt-get, this takes a minute.',
    ]);
    expect(ensureTools([tool('ffmpeg')], root)).toEqual([]);
    expect(ran).toHaveLength(2);
  });

  it('are installed by a sudo that asks nothing', () => {
    const { machine: user, ran, tool } = machine({ commands: ['apt-get', 'sudo'] });
    expect(ensureTools([tool('ffmpeg')], user)).toEqual([]);
    expect(ran).toEqual([
      'sudo -n true',
      `sudo -n ${APT} update`,
      `sudo -n ${APT} install -y --no-install-recommends ffmpeg`,
    ]);
  });

  it.each([
    ['without sudo', { commands: ['apt-get'] }, 'Please run as root:', ''],
    ['whose sudo asks', { commands: ['apt-get', 'sudo'], sudoAsks: true }, 'Please run:', 'sudo '],
  ])('are named, with the command, to a user %s', (_name, options, please, sudo) => {
    const { machine: user, said, ran, tool } = machine(options);
    expect(ensureTools([tool('ffmpeg')], user).map(({ name }) => name)).toEqual(['ffmpeg']);
    expect(ran.filter((command) => command.includes('apt-get'))).toEqual([]);
    expect(said).toEqual([
      'ffmpeg is missing, and only root may install packages.',
      please,
      `  ${sudo}apt-get update && ${sudo}apt-get install -y --no-install-recommends ffmpeg`,
    ]);
  });

  it('are named where there is no apt-get', () => {
    const { machine: mac, said, tool } = machine({ commands: ['brew'] });
    expect(ensureTools([tool('ffmpeg')], mac)).toHaveLength(1);
    expect(said).toEqual(["ffmpeg is missing. Please install ffmpeg with your system's package manager."]);
  });

  it.each(['update', 'install'])('stay missing when apt-get %s fails, and that is told', (failing) => {
    const { machine: root, said, tool } = machine({ commands: ['apt-get'], isRoot: true, failing });
    expect(ensureTools([tool('ffmpeg')], root)).toHaveLength(1);
    expect(said.slice(1)).toEqual([
      'one\nE: no network',
      `apt-get ${failing} failed.`,
      'Please run:',
      '  apt-get update && apt-get install -y --no-install-recommends ffmpeg',
    ]);
  });
});

it('finds a program on PATH: a file that may be run', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'path-'));
  try {
    for (const name of ['one', 'two', 'three']) await mkdir(path.join(folder, name));
    await mkdir(path.join(folder, 'one', 'tool'));
    await writeFile(path.join(folder, 'two', 'tool'), '', { mode: 0o644 });
    await writeFile(path.join(folder, 'three', 'tool'), '');
    await chmod(path.join(folder, 'three', 'tool'), 0o755);
    const folders = ['one', 'two', 'three'].map((name) => path.join(folder, name));
    vi.stubEnv('PATH', ['relative', ...folders].join(path.delimiter));
    expect(findOnPath('tool')).toBe(path.join(folder, 'three', 'tool'));
    expect(findOnPath('no-such-tool')).toBeUndefined();
  } finally {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true, force: true });
  }
});
