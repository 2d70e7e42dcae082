import { Logger } from '@aws-lambda-powertools/logger';
import { describe, expect, it, vi } from 'vitest';
import { Complaints } from '../../../container/source/complaints.ts';
import { openingFailure } from '../../../container/source/sourceErrors.ts';

const URL = 'rtmp://user:pa55word@media.example/live/stream-key-1234';

function complaints(): { readonly told: Complaints; readonly log: ReturnType<typeof vi.spyOn> } {
  const logger = new Logger({ logLevel: 'SILENT' });
  return { log: vi.spyOn(logger, 'warn'), told: new Complaints(URL, logger) };
}

describe('Complaints', () => {
  it('are logged with level and text, without secrets', () => {
    const { told, log } = complaints();
    told.add('error', `${URL}: Input/output error`);
    const complaint = 'rtmp://media.example/live/*** Input/output error';
    expect(log.mock.calls).toEqual([['ffmpeg complains', { complaintLevel: 'error', complaint, times: 1 }]]);
    expect(told.lines).toEqual([complaint]);
    expect(told.last).toBe(complaint);
  });

  it.each([
    "Consider increasing the value for the 'analyzeduration' (3000000) and 'probesize' options",
    'New (null) stream 0:679 at pos:509668 and DTS:NOPTSs',
    'Guessed Channel Layout for Input Stream #0.1 : mono',
  ])('where nothing is wrong is none to tell: %s', (said) => {
    const { told } = complaints();
    told.add('warning', said);
    expect(told.last).toBeUndefined();
  });

  it('the last error is told before a later warning', () => {
    const { told } = complaints();
    expect(told.last).toBeUndefined();
    told.add('warning', 'first');
    expect(told.last).toBe('first');
    told.add('error', 'second');
    told.add('fatal', 'third');
    told.add('warning', 'fourth');
    expect(told.last).toBe('third');
  });

  it('of one that the recorder told to end are none: they say nothing of the source', () => {
    const { told, log } = complaints();
    told.add('error', 'Invalid NAL unit size');
    told.add('error', 'Error closing file pipe:1: Immediate exit requested');
    told.add('error', `${URL}: Immediate exit requested`);
    expect([told.last, told.lines.length, log.mock.calls.length]).toEqual(['Invalid NAL unit size', 1, 1]);
  });

  it('of a damaged stream do not fill the log, nor memory', () => {
    const { told, log } = complaints();
    for (let i = 1; i <= 10_000; i++) told.add('warning', `DTS ${i} out of order at 0x${i.toString(16)}`);
    expect(log.mock.calls.map((call: unknown[]) => (call[1] as { times: number }).times)).toEqual([
      1, 2, 3, 10, 100, 1_000, 10_000,
    ]);
    for (let i = 0; i < 5_000; i++)
      told.add('warning', `of another kind: ${String.fromCodePoint(1_000 + i)}`);
    expect(log.mock.calls.length).toBeLessThan(350);
    expect(told.lines.length).toBe(50);
    told.add('error', 'x'.repeat(1_000_000));
    expect(told.last?.length).toBe(300);
  });

  it('of a thousand programmes say what the source has, however often they come', () => {
    const { told } = complaints();
    told.add('warning', 'Number of streams exceeds max_streams parameter (1000), see the documentation');
    for (let i = 0; i < 1_000; i++)
      told.add(
        'warning',
        `Could not find codec parameters for stream ${i} (Video: h264, none): unspecified size`,
      );
    const { code, message } = openingFailure({ complaints: told.lines, complaint: told.last }, false);
    expect(code).toBe('source_not_media');
    expect(message).toContain('more than a thousand tracks');
  });
});
