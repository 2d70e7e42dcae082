import type { RtmpAddress } from './address.ts';
import { type AmfObject, type AmfValue, amfObject, decodeAmf0, encodeAmf0 } from './amf0.ts';
import { answerRefusal } from './authentication.ts';
import { ChunkReader } from './chunkReader.ts';
import { isRtmpFault, RtmpError, type RtmpFault, RtmpRedirectError, RtmpRefusedError } from './errors.ts';
import { FlvOutput } from './flvOutput.ts';
import {
  CHUNK_STREAM,
  CONTROL,
  chunked,
  control,
  KIND,
  type RtmpMessage,
  uint32s,
  userControl,
} from './messages.ts';
import { SpareMemory } from './spareMemory.ts';

const VERSION = 3;
const HANDSHAKE_BYTES = 1_536;
/** Time, and zeros where players who sign their handshakes have a version. */
const UNSIGNED_BYTES = 8;
/** What of their data is acknowledged before servers say how often. */
const WINDOW_AT_FIRST_BYTES = 2 * 1024 * 1024;
const OWN_WINDOW_BYTES = 2_500_000;
const BUFFER_MS = 3_000;
/** A live stream, else what was recorded of it. */
const LIVE_OR_RECORDED = -2_000;
const TRANSACTION = { connect: 1, createStream: 2, play: 3, check: 4, subscribe: 5 } as const;
/** Servers that do not know these say so, and go on. */
const NEED_NOT_BE_KNOWN: ReadonlySet<unknown> = new Set([TRANSACTION.check, TRANSACTION.subscribe]);
/** Enhanced RTMP: can be decoded. */
const DECODED = 1;
/** What is recorded of it: servers leave out what a player does not name. */
const FOUR_CCS = ['av01', 'hvc1', 'vp09'];

/**
 * | phase | |
 * |---|---|
 * | asking | the server owes an answer |
 * | waiting | it was asked to play, and what it plays may not be there yet |
 * | playing | something of the stream has come |
 * | over | the server says that there is no more |
 */
export type RtmpPhase = 'asking' | 'waiting' | 'playing' | 'over';

export interface RtmpPlayerOptions {
  readonly address: RtmpAddress;
  /** What a server has asked for before (RtmpAuthenticationError). */
  readonly answer?: string;
  readonly random: (bytes: number) => Buffer;
  /** For what it gives: who is done with it may give it back. */
  readonly spare?: SpareMemory;
}

/**
 * Plays a stream over RTMP (Adobe's RTMP 1.0, enhanced RTMP 2): what comes from the server goes in, what is to be said to
 * it and the stream as FLV come out. Knows of no connection and no time.
 */
export class RtmpPlayer {
  readonly #options: RtmpPlayerOptions;
  readonly #chunks = new ChunkReader();
  readonly #output: FlvOutput;
  #phase: RtmpPhase = 'asking';
  #fault: RtmpFault | undefined;
  /** Of the handshake, until it is whole. */
  #greeting: Buffer | undefined = Buffer.alloc(0);
  #replies: Buffer[] = [];
  #windowBytes = WINDOW_AT_FIRST_BYTES;
  #receivedBytes = 0;
  #acknowledgedBytes = 0;

  constructor(options: RtmpPlayerOptions) {
    this.#options = options;
    this.#output = new FlvOutput(options.spare ?? new SpareMemory());
    const hello = options.random(HANDSHAKE_BYTES).fill(0, 0, UNSIGNED_BYTES);
    this.#replies.push(Buffer.of(VERSION), hello);
  }

  get phase(): RtmpPhase {
    return this.#phase;
  }

  /** What is to be said to the server now; it may be empty. */
  takeReplies(): Buffer {
    const replies = Buffer.concat(this.#replies);
    this.#replies = [];
    return replies;
  }

  /** Why it is over, where that is not for the stream's end. */
  get fault(): RtmpFault | undefined {
    return this.#fault;
  }

  /**
   * Takes the next bytes, in chunks of any size.
   * @returns the stream as FLV, as far as it has come, in memory of its own
   */
  push(bytes: Buffer): Buffer {
    try {
      this.#read(bytes);
    } catch (error) {
      if (!isRtmpFault(error)) throw error;
      // What came before it is recorded.
      this.#fault = error;
      this.#phase = 'over';
    }
    const media = this.#output.take();
    if (media.length > 0 && this.#phase !== 'over') this.#phase = 'playing';
    return media;
  }

  #read(bytes: Buffer): void {
    if (this.#phase === 'over') return;
    const said = this.#greeting === undefined ? bytes : this.#greet(this.#greeting, bytes);
    this.#receivedBytes += said.length;
    for (const message of this.#chunks.read(said)) {
      this.#take(message);
      if (this.#isOver) return;
    }
    if (this.#receivedBytes - this.#acknowledgedBytes >= this.#windowBytes / 2) {
      this.#acknowledgedBytes = this.#receivedBytes;
      this.#replies.push(control(KIND.acknowledgement, uint32s(this.#receivedBytes)));
    }
  }

  get #isOver(): boolean {
    return this.#phase === 'over';
  }

  /** @returns what comes behind the handshake */
  #greet(before: Buffer, bytes: Buffer): Buffer {
    const greeting = Buffer.concat([before, bytes]);
    if (greeting.length > 0 && greeting[0] !== VERSION)
      throw new RtmpError('the answer is no RTMP handshake');
    const end = 1 + 2 * HANDSHAKE_BYTES;
    this.#greeting = greeting.length < end ? greeting : undefined;
    if (greeting.length < end) return Buffer.alloc(0);
    this.#replies.push(greeting.subarray(1, 1 + HANDSHAKE_BYTES));
    this.#connect();
    return greeting.subarray(end);
  }

  #connect(): void {
    const { address, answer = '' } = this.#options;
    const properties = amfObject({
      app: `${address.app}${answer}`,
      flashVer: 'LNX 9,0,124,2',
      tcUrl: `${address.tcUrl}${answer}`,
      fpad: false,
      capabilities: 15,
      audioCodecs: 4_071,
      videoCodecs: 252,
      videoFunction: 1,
      objectEncoding: 0,
      fourCcList: FOUR_CCS,
      videoFourCcInfoMap: amfObject(Object.fromEntries(FOUR_CCS.map((name) => [name, DECODED]))),
    });
    this.#command(CHUNK_STREAM.command, 0, 'connect', TRANSACTION.connect, properties);
  }

  #command(chunkStream: number, streamId: number, ...values: readonly AmfValue[]): void {
    const body = encodeAmf0(values);
    this.#replies.push(chunked(chunkStream, { kind: KIND.command, atMs: 0, streamId, body }));
  }

  #take(message: RtmpMessage): void {
    const { kind, body } = message;
    if (kind === KIND.command) this.#obey(decodeAmf0(body));
    else if (kind === KIND.command3) this.#obey(decodeAmf0(body.subarray(1)));
    else if (kind === KIND.userControl) this.#control(body);
    else if (kind === KIND.windowSize) this.#setWindow(body);
    else if (kind === KIND.peerBandwidth)
      this.#replies.push(control(KIND.windowSize, uint32s(OWN_WINDOW_BYTES)));
    else this.#output.push(message);
  }

  #control(body: Buffer): void {
    if (body.length >= 6 && body.readUInt16BE(0) === CONTROL.pingRequest)
      this.#replies.push(userControl(CONTROL.pingResponse, Buffer.from(body.subarray(2, 6))));
  }

  #setWindow(body: Buffer): void {
    const bytes = body.length < 4 ? 0 : body.readUInt32BE(0);
    if (bytes > 0) this.#windowBytes = bytes;
  }

  #obey([name, transaction, properties, info]: readonly AmfValue[]): void {
    if (name === '_result' && transaction === TRANSACTION.connect) this.#createStream();
    else if (name === '_result' && transaction === TRANSACTION.createStream) this.#play(info);
    else if (name === '_error') this.#refuse(transaction, info ?? properties);
    else if (name === 'onStatus') this.#status(info ?? properties);
    else if (name === 'onBWDone') this.#command(CHUNK_STREAM.command, 0, '_checkbw', TRANSACTION.check, null);
    else if (name === 'close') this.#phase = 'over';
  }

  /** Networks of servers (Akamai, Limelight, some of Wowza's) fetch a live stream only for who subscribes to it before. */
  #createStream(): void {
    const { streamName } = this.#options.address;
    this.#replies.push(control(KIND.windowSize, uint32s(OWN_WINDOW_BYTES)));
    this.#command(CHUNK_STREAM.command, 0, 'FCSubscribe', TRANSACTION.subscribe, null, streamName);
    this.#command(CHUNK_STREAM.command, 0, 'createStream', TRANSACTION.createStream, null);
  }

  #play(streamId: AmfValue | undefined): void {
    if (typeof streamId !== 'number') throw new RtmpError('the server gives a stream no number');
    const { streamName } = this.#options.address;
    const id = streamId >>> 0;
    const play = ['play', TRANSACTION.play, null, streamName, LIVE_OR_RECORDED];
    this.#command(CHUNK_STREAM.stream, id, ...play);
    this.#replies.push(userControl(CONTROL.setBufferLength, uint32s(id, BUFFER_MS)));
    this.#phase = 'waiting';
  }

  #refuse(transaction: AmfValue | undefined, info: AmfValue | undefined): void {
    const { address, answer = '', random } = this.#options;
    if (NEED_NOT_BE_KNOWN.has(transaction)) return;
    if (transaction !== TRANSACTION.connect) throw refusal(info);
    failOnRedirect(info);
    const nonce = random(4).toString('hex');
    answerRefusal(words(info), address, answer, nonce);
  }

  #status(info: AmfValue | undefined): void {
    failOnRedirect(info);
    if (text(info, 'level') === 'error') throw refusal(info);
    if (ENDS.has(text(info, 'code'))) this.#phase = 'over';
  }
}

/** Who stays connected behind one of these may wait for ever. */
const ENDS: ReadonlySet<string> = new Set([
  'NetStream.Play.Stop',
  'NetStream.Play.Complete',
  'NetStream.Play.UnpublishNotify',
  'NetConnection.Connect.Closed',
  'NetConnection.Connect.AppShutdown',
]);

const fields = (info: AmfValue | undefined): AmfObject => (info instanceof Map ? info : new Map());

function text(info: AmfValue | undefined, name: string): string {
  const value = fields(info).get(name);
  return typeof value === 'string' ? value : '';
}

/** As much as a person reads. */
const WORDS_MAX_CHARS = 500;

const words = (info: AmfValue | undefined): string =>
  [text(info, 'code'), text(info, 'description')]
    .filter((one) => one !== '')
    .join(': ')
    .slice(0, WORDS_MAX_CHARS);

const refusal = (info: AmfValue | undefined): RtmpRefusedError => new RtmpRefusedError(words(info));

/** Adobe's servers name an application; SRS that, and the stream beside it. */
function failOnRedirect(info: AmfValue | undefined): void {
  const elsewhere = fields(info).get('ex');
  const location = text(elsewhere, 'redirect2') || text(elsewhere, 'redirect');
  if (location !== '') throw new RtmpRedirectError(location);
}
