import type { Readable } from 'node:stream';
import type { MergePiece } from '../../functions/core/rooms/merge.ts';
import type { SceneInput } from '../../functions/core/rooms/scenes.ts';
import { SceneFfmpeg } from './mergeFfmpeg.ts';
import type { PieceServer } from './pieceServer.ts';
import { checkArguments } from './sceneArguments.ts';

/** Which of the inputs ffmpeg cannot read, each tried alone, and what it says of them. */
export async function unreadableInputs(
  inputs: readonly SceneInput[],
  options: { readonly ffmpegPath: string; readonly pieces: PieceServer; readonly signal: AbortSignal },
): Promise<{ readonly piece: MergePiece; readonly said: string }[]> {
  const found: { piece: MergePiece; said: string }[] = [];
  for (const input of inputs) {
    const { piece } = input;
    const args = checkArguments(input, options.pieces.urlOf(piece));
    const run = new SceneFfmpeg({ path: options.ffmpegPath, arguments: args, signal: options.signal });
    const [{ code, said }, pictureBytes] = await Promise.all([
      run.ended,
      bytesOf(run.pictures),
      bytesOf(run.sound),
    ]);
    const isBlind = input.cell !== undefined && pictureBytes === 0;
    if (code !== 0 || isBlind) found.push({ piece, said: said === '' ? 'there is no picture in it' : said });
  }
  return found;
}

async function bytesOf(stream: Readable): Promise<number> {
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) bytes += chunk.length;
  return bytes;
}
