import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { Logger } from '@aws-lambda-powertools/logger';
import { expect, it } from 'vitest';
import type { Feed } from '../../../../container/source/hls/handover.ts';
import { LiveSource } from '../../../../container/source/live/liveSource.ts';
import { openReceived } from '../../../../container/source/live/openReceived.ts';
import { PACKET_BYTES } from '../../../../functions/core/media/mpegts/packets.ts';
import { folderForTests } from '../../../support/forTests.ts';
import { frameHashes } from '../../../support/media.ts';
import { describeWith } from '../../../support/tools.ts';

const SECONDS = 3;
const URL = 'srt://127.0.0.1:1';

describeWith(['ffmpeg'], 'a source over SRT whose recording is stopped', () => {
  const folder = folderForTests();

  /**
   * In the place of the ffmpeg that receives: gives what has come until it is told of a stop, then at once all that comes
   * with it, says so, and goes on waiting.
   */
  function receiving(first: Buffer, last: Buffer): { path: string; stop: () => Promise<void> } {
    const [isStopped, isSent] = [folder.file('stopped'), folder.file('sent')];
    execFileSync('mkfifo', [isStopped, isSent]);
    const cat = (name: string, bytes: Buffer): string => `cat '${folder.write(name, bytes)}'`;
    const lines = [
      ...['#!/bin/sh', cat('first.ts', first), `read -r _ <'${isStopped}'`, cat('last.ts', last)],
      ...[`echo >'${isSent}'`, 'exec sleep 3600'],
    ];
    const path = folder.write('receiving.sh', Buffer.from(lines.join('\n')));
    chmodSync(path, 0o755);
    return {
      path,
      stop: async () => {
        await writeFile(isStopped, '\n');
        await readFile(isSent);
      },
    };
  }

  it('is handed on as far as it had come', async () => {
    const sent = folder.make('sent.ts', [
      ...['-f', 'lavfi', '-i', 'testsrc2=size=160x96:rate=25', '-t', String(SECONDS)],
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '25', '-bf', '0', '-f', 'mpegts'],
    ]);
    const cut = PACKET_BYTES * Math.floor((0.8 * sent.length) / PACKET_BYTES);
    const { path, stop } = receiving(sent.subarray(0, cut), sent.subarray(cut));
    const opened = await openReceived(
      {
        ffmpegPath: path,
        url: URL,
        access: { url: URL, options: [], environment: {} },
        timeoutMs: 10_000,
        clock: { nowMs: () => Date.now() },
        log: new Logger({ logLevel: 'SILENT' }),
      },
      new AbortController().signal,
    );
    if (!(opened instanceof LiveSource)) throw new Error(`opened as ${opened}`);
    let feed: Feed | undefined;
    const { access } = opened.begin({
      offer: (offered) => {
        feed = offered;
        return 'http://127.0.0.1/live';
      },
    });
    const taken: Buffer[] = [];
    const reader = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        taken.push(Buffer.from(chunk));
        done();
      },
    });
    const feeding = feed?.(reader as unknown as Socket);
    await stop();
    access.finish?.();
    await feeding;
    await finished(reader.end());
    await opened.close();
    const frames = await frameHashes(folder.write('taken.ts', Buffer.concat(taken)), 'v');
    expect(frames).toHaveLength(SECONDS * 25);
    expect(frames).toEqual(await frameHashes(folder.file('sent.ts'), 'v'));
  });
});
