import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRecordingId, newRecordingId, recordingIdTimeMs } from '../../../../functions/core/state/ids.ts';
import {
  indexKey,
  keySegment,
  parseRecordKey,
  recordKey,
  sessionKey,
} from '../../../../functions/core/state/keys.ts';
import { CODE_POINT } from '../../../support/codePoint.ts';

const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 });
const times = fc.integer({ min: 0, max: 2 ** 47 });

describe('recording ids', () => {
  it('are ULIDs that keep their time and sort by it', () => {
    fc.assert(
      fc.property(times, times, bytes, bytes, (timeA, timeB, randomA, randomB) => {
        const a = newRecordingId(timeA, randomA);
        const b = newRecordingId(timeB, randomB);
        expect(isRecordingId(a)).toBe(true);
        expect(recordingIdTimeMs(a)).toBe(timeA);
        if (timeA < timeB) expect(a < b).toBe(true);
      }),
    );
  });

  it('sort newest first in the index', () => {
    fc.assert(
      fc.property(times, times, bytes, (timeA, timeB, random) => {
        fc.pre(timeA < timeB);
        const key = (time: number) => indexKey(newRecordingId(time, random));
        expect(key(timeA) > key(timeB)).toBe(true);
      }),
    );
  });
});

describe('keys made of outside values', () => {
  const values = fc.string({ unit: CODE_POINT, maxLength: 300 });

  it('never leave their folder, whatever the value', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(keySegment(value)).toMatch(/^[A-Za-z0-9_%~-]*$/);
        expect(Buffer.byteLength(sessionKey(value))).toBeLessThan(256);
      }),
    );
  });

  it('are different for different values, long ones too', () => {
    const long = fc.tuple(values, fc.constant('x'.repeat(400))).map(([value, rest]) => rest + value);
    fc.assert(
      fc.property(fc.oneof(values, long), fc.oneof(values, long), (a, b) => {
        fc.pre(Buffer.from(a).compare(Buffer.from(b)) !== 0);
        expect(keySegment(a)).not.toBe(keySegment(b));
      }),
    );
  });
});

describe('record keys', () => {
  it('are read back as they were made', () => {
    const id = newRecordingId(1, new Uint8Array(16));
    const names = fc.string({ minLength: 1 }).filter((name) => !/[/\n\r\u2028\u2029]/.test(name));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999 }), names, (attempt, fileName) => {
        expect(parseRecordKey(recordKey(id, attempt, fileName))).toEqual({
          recordingId: id,
          attempt,
          fileName,
        });
      }),
    );
  });

  it.each([
    'records/x/1/a.mp4',
    'records/01ARZ3NDEKTSV4RRFFQ69G5FAV/0/a.mp4',
    'records/a.mp4',
    'other/01ARZ3NDEKTSV4RRFFQ69G5FAV/1/a',
  ])('no recorder could have written %s', (key) => expect(parseRecordKey(key)).toBeUndefined());
});
