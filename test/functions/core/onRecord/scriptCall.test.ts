import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { RecordAvailable } from '../../../../functions/core/events/published.ts';
import { scriptCall } from '../../../../functions/core/onRecord/scriptCall.ts';
import { CODE_POINT } from '../../../support/codePoint.ts';

const EVENT: RecordAvailable = {
  id: 'r/record-available/1',
  recordingId: 'r',
  mediaSessionId: 'm',
  streamName: 'cam',
  part: 1,
  bucket: 'library',
  key: 'a/b.mp4',
  bytes: 10,
  durationMs: 1_000,
  startTime: '2026-07-01T12:00:00.000Z',
  endTime: '2026-07-01T12:00:01.000Z',
  format: 'mp4',
  tracks: [],
  codecs: ['h264', 'aac'],
  recovered: true,
  complete: false,
  incomplete: [
    { code: 'recorder_lost', message: 'x' },
    { code: 'source_away', message: 'y' },
  ],
  nameTrimmed: false,
};

it('is $1 stream name, $2 record, and each fact as a variable; what is not known has none', () => {
  const { args, env } = scriptCall(EVENT, '/tmp/b.mp4');
  expect(args).toEqual(['cam', '/tmp/b.mp4']);
  expect(env).toMatchObject({
    CODECS: 'h264,aac',
    INCOMPLETE: 'recorder_lost,source_away',
    RECOVERED: 'true',
    PART: '1',
  });
  expect(Object.keys(env)).not.toContain('VERSION_ID');
});

it('can always be run, whatever the stream is called', () => {
  const name = fc.oneof(
    fc.string({ unit: CODE_POINT }),
    fc.constantFrom('\0', 'я'.repeat(65_536), '\uD800', `${'x'.repeat(130_047)}я`),
  );
  fc.assert(
    fc.property(name, (streamName) => {
      const { args, env } = scriptCall({ ...EVENT, streamName }, '/tmp/b.mp4');
      const seen = execFileSync('/bin/sh', ['-c', 'printf %s "$1"', 'sh', ...args], {
        env,
        encoding: 'utf8',
      });
      expect(seen).toBe(args[0]);
      expect(env.STREAM_NAME).toBe(args[0]);
      if (Buffer.byteLength(streamName) < 1_000 && !/[\0\uD800-\uDFFF]/u.test(streamName)) {
        expect(args[0]).toBe(streamName);
      }
    }),
    { numRuns: 40 },
  );
});
