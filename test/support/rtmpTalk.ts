import { type AmfValue, amfObject, decodeAmf0, encodeAmf0 } from '../../functions/core/rtmp/amf0.ts';
import { ChunkReader } from '../../functions/core/rtmp/chunkReader.ts';
import { chunked, KIND, type RtmpMessage } from '../../functions/core/rtmp/messages.ts';

const HANDSHAKE_BYTES = 1_536;

/** What a server answers to a player's first bytes. */
export function serverHello(hello: Buffer): Buffer {
  return Buffer.concat([Buffer.of(3), Buffer.alloc(HANDSHAKE_BYTES, 9), hello.subarray(1)]);
}

export const said = (kind: number, body: Buffer, atMs = 0): Buffer =>
  chunked(3, { kind, atMs, streamId: 1, body });

export const command = (...values: readonly AmfValue[]): Buffer => said(KIND.command, encodeAmf0(values));

export const status = (
  code: string,
  level = 'status',
  more: Readonly<Record<string, AmfValue>> = {},
): Buffer => command('onStatus', 0, null, amfObject({ level, code, ...more }));

export const refused = (transaction: number, description: string): Buffer =>
  command('_error', transaction, null, amfObject({ level: 'error', description }));

/** What a server says until a player has asked to play. */
export const CONNECTED = command(
  '_result',
  1,
  amfObject({}),
  amfObject({ code: 'NetConnection.Connect.Success' }),
);
export const CREATED = command('_result', 2, null, 1);

/** Reads what a player says. */
export class PlayerReader {
  readonly #chunks = new ChunkReader();
  #handshakeLeft = 1 + 2 * HANDSHAKE_BYTES;

  read(bytes: Buffer): RtmpMessage[] {
    const handshake = Math.min(this.#handshakeLeft, bytes.length);
    this.#handshakeLeft -= handshake;
    return [...this.#chunks.read(bytes.subarray(handshake))].map((one) => ({
      ...one,
      body: Buffer.from(one.body),
    }));
  }

  /** Its commands alone. */
  commands(bytes: Buffer): AmfValue[][] {
    return this.read(bytes).flatMap(({ kind, body }) => (kind === KIND.command ? [decodeAmf0(body)] : []));
  }
}
