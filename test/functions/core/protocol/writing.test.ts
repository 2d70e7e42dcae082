import fc from 'fast-check';
import { expect, it } from 'vitest';
import { forgetWriting, markWriting, unmarkWriting } from '../../../../functions/core/protocol/writing.ts';
import { parseWritingKey, WRITING_PREFIX, writingKey } from '../../../../functions/core/state/keys.ts';
import { MemoryStore } from '../../../support/memoryStore.ts';

const ID = '01KAVYBT0000000000000000AA';
const recording = { recordingId: ID, mediaSessionId: 'live/cam' };
const S3_KEY_MAX_BYTES = 1_024;

it('a key says all there is to say of a file, whatever its names, and S3 takes it', () => {
  const unicode = (maxLength: number) => fc.string({ minLength: 1, maxLength, unit: 'grapheme' });
  const anyText = fc.oneof(
    unicode(40),
    fc.constantFrom('x'.repeat(400), 'x'.repeat(401), '../a', '.', '\ud800'),
  );
  const fileName = fc.oneof(unicode(20), fc.constant('é'.repeat(127)));
  fc.assert(
    fc.property(anyText, fileName, fc.integer({ min: 1, max: 999_999 }), (mediaSessionId, fileName, part) => {
      const key = writingKey({ recordingId: ID, mediaSessionId }, { part, fileName });
      expect(Buffer.byteLength(key)).toBeLessThanOrEqual(S3_KEY_MAX_BYTES);
      const { mediaSessionId: session = mediaSessionId, ...file } = parseWritingKey(key) ?? {};
      expect({ ...file, session }).toEqual({ recordingId: ID, part, fileName, session: mediaSessionId });
    }),
  );
  expect(parseWritingKey(`${WRITING_PREFIX}${ID}/1/x`)).toBeUndefined();
  expect(parseWritingKey(writingKey(recording, { part: 1, fileName: 'a.mp4' }))?.mediaSessionId).toBe(
    'live/cam',
  );
});

it('a file is written from its mark to its end, or until somebody else says that its recorder is gone', async () => {
  const store = new MemoryStore();
  const written = () => store.keys(WRITING_PREFIX).map((key) => parseWritingKey(key)?.part);
  const file = (part: number) => ({ part, fileName: `${part}.mp4` });
  for (const part of [1, 2, 10]) await markWriting(store, recording, file(part));
  await markWriting(store, recording, file(2));
  await unmarkWriting(store, recording, file(1));
  await unmarkWriting(store, recording, file(1));
  expect(written()).toEqual([10, 2]);
  await markWriting(store, { ...recording, recordingId: '01KAVYBT0000000000000000BB' }, file(2));
  await forgetWriting(store, ID, new Set([1, 2]));
  expect(written()).toEqual([10, 2]);
  await forgetWriting(store, ID, new Set([10]));
  expect(written()).toEqual([2]);
});
