import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Child } from '../support/children.ts';

/** In place of the digest that container/Dockerfile asks for: made here, since no registry can be reached. */
const BASE_IMAGE = 'docker.io/library/debian:trixie-slim';
/** Nor can Debian's archive: once the mirror has a newer ffmpeg, that one is tried. */
const BUILD_ARGUMENTS = { BASE_IMAGE, FFMPEG_ELSE_NEWEST: '1' };
const BASE_SUITE = 'trixie';
export const IMAGE = 'stream-recorder-test';

/** Builds and runs images as root without a Docker engine, without systemd and without pulling anything. */
export class Podman {
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;

  constructor(folder: string) {
    this.#folder = folder;
    const configuration = path.join(folder, 'containers.conf');
    writeFileSync(
      configuration,
      [
        '[containers]',
        'default_ulimits=["nofile=20000:20000","nproc=4096:4096"]',
        'netns="host"',
        '[engine]',
        'runtime="runc"',
        'cgroup_manager="cgroupfs"',
      ].join('\n'),
    );
    this.#env = { ...process.env, CONTAINERS_CONF: configuration };
  }

  /** Debian 13 made from its packages. */
  makeBase(): void {
    if (spawnSync('podman', ['image', 'exists', BASE_IMAGE], { env: this.#env }).status === 0) return;
    const root = path.join(this.#folder, 'base');
    mkdirSync(root);
    this.#run('debootstrap', ['--variant=minbase', BASE_SUITE, root]);
    const archive = `${root}.tar`;
    this.#run('tar', ['-C', root, '-cf', archive, '.']);
    this.#run('podman', ['import', '--quiet', archive, BASE_IMAGE]);
    rmSync(root, { recursive: true });
    rmSync(archive);
  }

  build(repository: string): void {
    const authority = process.env.NODE_EXTRA_CA_CERTS;
    const trust =
      authority === undefined
        ? []
        : ['--build-arg', 'NODE_EXTRA_CA_CERTS=/host-ca.crt', '--volume', `${authority}:/host-ca.crt:ro`];
    this.#run('podman', [
      'build',
      '--quiet',
      '--pull=never',
      '--layers',
      '--ignorefile',
      path.join(repository, 'container/Dockerfile.dockerignore'),
      '--file',
      path.join(repository, 'container/Dockerfile'),
      ...trust,
      ...Object.entries(BUILD_ARGUMENTS).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
      '--tag',
      IMAGE,
      repository,
    ]);
  }

  imageBytes(): number {
    const output = this.#run('podman', ['image', 'inspect', '--format', '{{.Size}}', IMAGE]);
    return Number(output.trim());
  }

  /** Runs the image as Fargate would: read-only, with the capabilities that the task definition leaves, one writable volume. */
  run(name: string, environment: Readonly<Record<string, string>>): Child {
    const variables = Object.entries(environment).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
    return new Child('podman', ['run', '--rm', '--name', name, ...LIMITS, ...variables, IMAGE], this.#env);
  }

  /** Whether the image has this program: starting it must fail for one that is not there. */
  hasProgram(program: string): boolean {
    const args = ['run', '--rm', ...LIMITS, '--entrypoint', program, IMAGE, '-c', 'true'];
    return spawnSync('podman', args, { env: this.#env, stdio: 'ignore' }).status === 0;
  }

  /** Copies all files of the image into a folder, which is made. */
  copyFiles(folder: string): void {
    const container = this.#run('podman', ['create', IMAGE]).trim();
    this.#run('podman', ['cp', `${container}:/.`, folder]);
    this.#run('podman', ['rm', container]);
  }

  /** Of the container's first process, as this machine counts. */
  pid(name: string): number {
    return Number(this.#run('podman', ['inspect', '--format', '{{.State.Pid}}', name]).trim());
  }

  signal(name: string, signal: string): void {
    this.#run('podman', ['kill', '--signal', signal, name]);
  }

  #run(command: string, args: readonly string[]): string {
    return execFileSync(command, args, {
      env: { ...this.#env, DEBIAN_FRONTEND: 'noninteractive' },
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
}

const LIMITS = [
  '--network',
  'host',
  '--read-only',
  '--read-only-tmpfs=false',
  '--cap-drop',
  'all',
  '--cap-add',
  'kill,setgid,setuid',
  '--init=false',
];
