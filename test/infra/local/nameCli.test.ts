import { execFile } from 'node:child_process';
import process from 'node:process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { nameCli } from '../../../infra/local/nameCli.ts';

const NOW_MS = Date.UTC(2026, 6, 1, 12);
const run = (...args: string[]) => nameCli(args, NOW_MS);

describe('nameCli', () => {
  it('shows the file name and the library key', () => {
    expect(run('--stream-name', 'cam1', '--media-session-id', 's-1', '--login', 'alice')).toEqual({
      exitCode: 0,
      stdout: 'file name    stream-s-1-alice.mp4\nlibrary key  stream_records/stream-s-1-alice.mp4\n',
      stderr: '',
    });
  });

  it('shows what was encoded, and what was trimmed and why', () => {
    const { stdout } = run('--stream-name', `a/${'é'.repeat(200)}`, '--policy', 'streamName', '--part', '3');
    expect(stdout).toContain('encoded      streamName: "a/é');
    expect(stdout).toMatch(
      /trimmed {6}file name, streamName: from 404 to \d+ bytes, since the whole file name has 412 bytes/,
    );
    expect(stdout).toMatch(/-z[0-9a-v]{8}_003\.mp4\n/);
    expect(run('--stream-name', 'a', '--login', 'l'.repeat(40)).stdout).toContain(
      'login: from 40 to 32 bytes, since the element may not be longer',
    );
    expect(
      run('--stream-name', 'a', '--login', 'b-c', '--template', '{streamName}-{login}').stdout,
    ).toContain('other values would make the same name');
  });

  it('answers JSON', () => {
    const { stdout } = run(
      '--json',
      '--stream-name',
      'a b',
      '--template',
      '{streamName}-{endTime}',
      '--library',
      '{yyyy}/{fileName}',
    );
    expect(JSON.parse(stdout)).toMatchObject({
      fileName: 'a%20b-{endTime}.mp4',
      libraryKey: `2026/a%20b-${NOW_MS + 60_000}.mp4`,
      trimmed: false,
      encoded: true,
      file: { encodedElements: [{ element: 'streamName', value: 'a b', text: 'a%20b' }] },
    });
  });

  it.each([
    [
      ['--stream-name', 'a', '--template', '{steamName}'],
      /position 1: unknown element \{steamName\}.*\{streamName\}/,
    ],
    [['--stream-name', 'a', '--library', 'x'], /libraryKeyTemplate.*no element/],
    [[], /--stream-name is missing/],
    [['--stream-name', 'a', '--part', '0'], /--part must be a whole number/],
    [['--stream-name', 'a', '--part', 'x'], /--part must be a whole number/],
    [['--stream-name', 'a', '--encoding', 'x'], /--encoding must be percent or underscore/],
    [['--stream-name', 'a', '--colour'], /Unknown option '--colour'/],
    [['--stream-name', 'a', 'more'], /more/],
  ])('refuses %j with exit code 2', (args, message) => {
    const result = run(...args);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toMatch(message);
  });

  it('explains itself', () => {
    expect(run('--help')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('--stream-name NAME'),
    });
  });

  it('is a program with these exit codes', async () => {
    const program = (...args: string[]) =>
      promisify(execFile)(process.execPath, [
        `${import.meta.dirname}/../../../infra/local/nameCli.ts`,
        ...args,
      ]);
    const good = await program('--stream-name', 'cam1', '--policy', 'streamName');
    expect(good.stdout).toBe('file name    cam1.mp4\nlibrary key  stream_records/cam1.mp4\n');
    await expect(program('--stream-name', 'cam1', '--template', 'x')).rejects.toMatchObject({ code: 2 });
  });
});
