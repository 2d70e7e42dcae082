import { MediaError } from '../types.ts';
import { NutCursor } from './cursor.ts';

/**
 * What stands in front of a frame: a list of named values, and another one.
 * @returns the codec's new configuration, and where the frame itself begins
 * @throws MediaError
 */
export function readSideData(frame: Buffer): { readonly extradata: Buffer | undefined; readonly at: number } {
  const fields = new NutCursor(frame);
  const extradata = readList(fields);
  readList(fields);
  if (fields.isShort) throw new MediaError('side data leave their frame');
  return { extradata, at: fields.at };
}

const TEXT = -1;
const BYTES = -2;
const SIGNED = -3;
const TIME = -4;

function readList(fields: NutCursor): Buffer | undefined {
  let extradata: Buffer | undefined;
  for (let left = fields.v(); left > 0 && !fields.isShort; left--) {
    const name = fields.bytes().toString('latin1');
    const type = fields.s();
    if (type === TEXT) fields.bytes();
    else if (type === BYTES) {
      fields.bytes();
      const value = fields.bytes();
      if (name === 'Extradata') extradata = Buffer.from(value);
    } else if (type === SIGNED || type < TIME) fields.s();
    else if (type === TIME) fields.v();
  }
  return extradata;
}
