import { HeadObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import type { StateStore } from '../../../functions/aws/stateStore.ts';
import { Library } from '../../../functions/relocation/library.ts';
import { Stems } from '../../../functions/relocation/stems.ts';
import { MemoryStore } from '../../support/memoryStore.ts';
import { landedPart } from './landed.ts';

const BUCKET = 'library';
const FOLDER = 'stream_records/';
const PAGE_KEYS = 1_000;

/** A library of somebody else's objects, and the prefixes that it was asked for. */
function libraryOf(names: readonly string[]): { readonly library: Library; readonly asked: string[] } {
  const keys = names.map((name) => FOLDER + name).sort();
  const asked: string[] = [];
  const send = async (command: object): Promise<object> => {
    if (command instanceof HeadObjectCommand) return { Metadata: {} };
    if (!(command instanceof ListObjectsV2Command)) throw new Error(command.constructor.name);
    const { Prefix = '', StartAfter = '' } = command.input;
    asked.push(Prefix.slice(FOLDER.length));
    const left = keys.filter((key) => key.startsWith(Prefix) && key > StartAfter);
    const Contents = left.slice(0, PAGE_KEYS).map((Key) => ({ Key }));
    return { Contents, IsTruncated: left.length > PAGE_KEYS };
  };
  return { library: new Library({ send } as unknown as S3Client, { bucket: BUCKET }), asked };
}

const crowd = (begin: string): string[] =>
  Array.from({ length: 1_200 }, (_, n) => `${begin}${1_000 + n}.mp4`);

it.each([
  ['nothing', [], false, ['hall']],
  ['its own name', ['hall.mp4'], true, ['hall']],
  ['the name of another part', ['hall_002.webm'], true, ['hall']],
  ['names with ids alone', crowd('hall-'), false, ['hall']],
  ['such a name beside names with ids', [...crowd('hall-'), 'hall_002.mp4'], true, ['hall']],
  ['such a name before a crowd', [...crowd('hall1'), 'hall.webm'], true, ['hall']],
  ['such a name behind a crowd', [...crowd('hall1'), 'hall_a1000.mp4'], true, ['hall', 'hall_']],
  [
    'such a name behind a crowd of pictures',
    [...crowd('hall.'), 'hall_002.mp4'],
    true,
    ['hall', 'hall.', 'hall.', 'hall_'],
  ],
  [
    'such a name among names that begin so',
    [...crowd('hall_0020-'), 'hall_003.mp4'],
    true,
    ['hall', 'hall_', 'hall_'],
  ],
  ['names that only begin alike', crowd('hall1'), false, ['hall', 'hall_']],
  ['names that come behind it', crowd('halls'), false, ['hall']],
])('a stem is found taken, or free, in a library that has %s', async (_what, names, isTaken, prefixes) => {
  const { library, asked } = libraryOf(names);
  const stems = new Stems(library, new MemoryStore() as unknown as StateStore);
  const landed = landedPart(Buffer.from('part'), 1, { streamName: 'hall' });
  const record = { ...landed, etag: '"e"', bytes: 4, crc32: '', needsIndex: false };
  expect(await stems.isSuffixed(record, `${FOLDER}hall.mp4`)).toBe(isTaken);
  expect(asked).toEqual(prefixes);
});
