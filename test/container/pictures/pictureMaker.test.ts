import { chmodSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { CannotMakePictures } from '../../../container/pictures/pictureFfmpeg.ts';
import { PictureMaker } from '../../../container/pictures/pictureMaker.ts';
import { folderForTests } from '../../support/forTests.ts';
import { keyPicture } from '../../support/keyPicture.ts';
import { describeWith } from '../../support/tools.ts';

describeWith(['ffmpeg'], 'an ffmpeg that makes pictures', () => {
  const folder = folderForTests();
  const { signal } = new AbortController();
  const JPEG = Buffer.from('JPEG');
  const TILE = { width: 160, height: 90 };

  function program(name: string, lines: readonly string[]): PictureMaker {
    const file = folder.write(name, Buffer.from(`#!/bin/sh\n${lines.join('\n')}\n`));
    chmodSync(file, 0o755);
    return new PictureMaker(file, { runMaxMs: 120_000 });
  }
  const batch = (data = keyPicture().data) => ({
    description: keyPicture().description,
    keyframes: [data],
    tile: TILE,
    largePlaces: [0],
  });

  it('gives way to all others, has nothing of our environment, and may open nothing', async () => {
    const said = folder.file('said');
    const maker = program('telling', [
      // By the time at which there is something to read.
      'head -c 1 >/dev/null',
      `{ cut -d" " -f19 /proc/$$/stat; cat /proc/$$/oom_score_adj; env; echo "$@"; } > ${said}`,
      'exec cat >/dev/null',
    ]);
    await expect(maker.make(batch(), signal)).rejects.toThrow('ffmpeg made no picture (exit code 0)');
    const [nice, oomScore, ...rest] = readFileSync(said, 'utf8').trimEnd().split('\n');
    expect([nice, oomScore]).toEqual(['19', '1000']);
    // A record that is ready but for its pictures does not wait for all that still record.
    await expect(maker.make(batch(), signal, () => true)).rejects.toThrow('ffmpeg made no picture');
    expect(readFileSync(said, 'utf8').split('\n')[0]).toBe('5');
    const shell = /^(PWD|OLDPWD|SHLVL|_)=/;
    expect(
      rest
        .slice(0, -1)
        .filter((line) => !shell.test(line))
        .sort(),
    ).toEqual(['LC_ALL=C', 'PATH=/usr/local/bin:/usr/bin:/bin']);
    expect(rest.at(-1)).toContain('-protocol_whitelist pipe -threads 1 -max_pixels 9437184');
    expect(rest.at(-1)).toContain('-f matroska -i pipe:0');
  });

  it('is not asked for what it was built without; broken keyframes are no such thing', async () => {
    const maker = program('lacking', [
      'cat >/dev/null',
      'echo "Decoder (codec h264) not found for input stream #0:0" >&2',
      'exit 1',
    ]);
    await expect(maker.make(batch(), signal)).rejects.toThrow(CannotMakePictures);
    const real = new PictureMaker('ffmpeg', { runMaxMs: 120_000, niceness: 0 });
    const broken = real.make(batch(Buffer.from([0, 0, 0, 4, 0x65, 1, 2, 3])), signal);
    await expect(broken).rejects.toThrow('ffmpeg made no picture');
    await expect(broken).rejects.not.toThrow(CannotMakePictures);
    await expect(new PictureMaker('/no/such/ffmpeg').make(batch(), signal)).rejects.toThrow('No such file');
  });

  it('runs once at a time, and what is not wanted any more is ended', async () => {
    const log = folder.write('runs', Buffer.alloc(0));
    const maker = program('slow', [
      'cat >/dev/null',
      `echo begins >> ${log}`,
      'sleep 0.1',
      `echo ends >> ${log}`,
    ]);
    const unwanted = new AbortController();
    const runs = [
      maker.make(batch(), signal),
      maker.make(batch(), unwanted.signal),
      maker.make(batch(), signal),
    ];
    unwanted.abort(new Error('not wanted'));
    const [first, second, third] = await Promise.allSettled(runs);
    expect([first?.status, second, third?.status]).toEqual([
      'rejected',
      { status: 'rejected', reason: new Error('not wanted') },
      'rejected',
    ]);
    expect(readFileSync(log, 'utf8').trim().split('\n')).toEqual(['begins', 'ends', 'begins', 'ends']);
  });

  it('has one small picture as a storyboard as it is, whatever else is made meanwhile', async () => {
    const maker = program('never', ['exec sleep 600']);
    const ending = new AbortController();
    const other = maker.make(batch(), ending.signal).catch(() => 'given up');
    expect(await maker.sprite([JPEG], TILE, signal)).toBe(JPEG);
    ending.abort();
    expect(await other).toBe('given up');
  });

  it('makes first what the end of a part waits for by then', async () => {
    const maker = program('patient', ['cat >/dev/null', 'sleep 0.1']);
    const done: string[] = [];
    let hasEnded: boolean = false;
    const begin = (name: string, run: Promise<unknown>) =>
      run.catch(() => undefined).then(() => done.push(name));
    const runs = [
      begin('first', maker.make(batch(), signal)),
      begin('waits', maker.make(batch(), signal)),
      begin(
        'of a part that ends',
        maker.make(batch(), signal, () => hasEnded),
      ),
      begin('storyboard', maker.sprite([JPEG, JPEG], TILE, signal)),
    ];
    hasEnded = true;
    await Promise.all(runs);
    expect(done).toEqual(['first', 'of a part that ends', 'storyboard', 'waits']);
  });
});
