import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';

/** A program that is not an npm package, and the Debian packages it comes with. */
export interface Tool {
  readonly name: string;
  readonly packages: readonly string[];
  readonly present: () => boolean;
}

/** What the recorder and the demo run. */
export const FFMPEG: Tool = {
  name: 'ffmpeg',
  packages: ['ffmpeg'],
  present: () => findOnPath('ffmpeg') !== undefined && findOnPath('ffprobe') !== undefined,
};

/** How the tools outside Node are reached; tests hand in their own. */
export interface Machine {
  /** Runs a program to its end; its output is for the message when it fails. */
  run(command: string, args: readonly string[]): { readonly ok: boolean; readonly output: string };
  has(command: string): boolean;
  readonly isRoot: boolean;
  say(line: string): void;
}

const INSTALL = ['install', '-y', '--no-install-recommends'];
/** A machine that has just begun may be updating itself, and a mirror may be away for a moment. */
const PATIENTLY = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3'];
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/**
 * Sees to it that the tools are there: installs what is missing where that is allowed without a question (apt-get, as
 * root or with a sudo that asks for no password), and says what it does. Elsewhere it says the exact command.
 * @returns the tools that are still missing
 */
export function ensureTools(tools: readonly Tool[], machine: Machine = THIS_MACHINE): readonly Tool[] {
  const missing = tools.filter((tool) => !tool.present());
  if (missing.length === 0) return [];
  const names = missing.map((tool) => tool.name).join(', ');
  const packages = [...new Set(missing.flatMap((tool) => tool.packages))];
  const are = missing.length === 1 ? 'is' : 'are';
  if (!machine.has('apt-get')) {
    machine.say(
      `${names} ${are} missing. Please install ${packages.join(' ')} with your system's package manager.`,
    );
    return missing;
  }
  const prefix = machine.isRoot ? [] : ['sudo', '-n'];
  if (!machine.isRoot && !(machine.has('sudo') && machine.run('sudo', ['-n', 'true']).ok)) {
    machine.say(`${names} ${are} missing, and only root may install packages.`);
    sayCommand(machine, packages);
    return missing;
  }
  machine.say(`${names} ${are} missing: installing ${packages.join(' ')} with apt-get, this takes a minute.`);
  for (const args of [['update'], [...INSTALL, ...packages]]) {
    const [program = 'apt-get', ...before] = [...prefix, 'apt-get'];
    const { ok, output } = machine.run(program, [...before, '-q', ...PATIENTLY, ...args]);
    if (ok) continue;
    machine.say(output.trimEnd().split('\n').slice(-5).join('\n'));
    machine.say(`apt-get ${args[0]} failed.`);
    sayCommand(machine, packages);
    return missing;
  }
  return missing.filter((tool) => !tool.present());
}

function sayCommand(machine: Machine, packages: readonly string[]): void {
  const sudo = !machine.isRoot && machine.has('sudo') ? 'sudo ' : '';
  machine.say(sudo !== '' || machine.isRoot ? 'Please run:' : 'Please run as root:');
  machine.say(`  ${sudo}apt-get update && ${sudo}apt-get ${[...INSTALL, ...packages].join(' ')}`);
}

/** @returns the absolute path of a program on PATH */
export function findOnPath(command: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(path.delimiter)
    .filter((folder) => path.isAbsolute(folder))
    .map((folder) => path.join(folder, command))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

const THIS_MACHINE: Machine = {
  run(command, args) {
    const { status, stdout, stderr, error } = spawnSync(command, args, {
      encoding: 'utf8',
      maxBuffer: MAX_OUTPUT_BYTES,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    return {
      ok: status === 0,
      output: error === undefined ? `${stdout}${stderr}` : error.message,
    };
  },
  has: (command) => findOnPath(command) !== undefined,
  isRoot: process.getuid?.() === 0,
  say: (line) => console.error(line),
};
