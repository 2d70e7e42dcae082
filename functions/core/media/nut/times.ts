import { MediaError } from '../types.ts';
import { DataTimes } from './dataTimes.ts';
import type { NutStream } from './header.ts';
import { MadeUpTimes } from './madeUpTimes.ts';
import type { PacketTimes, Place, Times } from './packetTimes.ts';

/**
 * What a packet's times are, as ffmpeg's demuxer gave them. Left alone ffmpeg puts right what does not grow from packet to
 * packet, and then it could not be told from what was sent. So it is shown times that always grow:
 *
 *   pictures: decoded at what counts packets and means nothing; shown, which it takes as it is, at
 *             (2^33 + decoding time modulo 2^33) * 2^18 + 2^16 + time from decoding to showing
 *   sound:    2^44 + (2^38 + decoding time) modulo 2^39, and 2^39 more after each such number that went back: ffmpeg 5.1
 *             reads no more of that from an input of its own. What stays the same is a unit later
 *
 * in units of the input's times or of the output's: ffmpeg 5.1 has brought them into those of the output before, 7.1
 * does it afterwards, with the packed number. Which one it was follows from the first number. Pictures' times in finer
 * units than this many in a second are counted in this many.
 *
 * Sound is earlier than all pictures: of two streams ffmpeg's muxer gives the earlier packet first, and VP8's and VP9's are
 * not counted when it waits for the others.
 */
const FINEST = 100_000;
const VIDEO_MODULUS = 2 ** 33;
const OFFSETS = 2 ** 18;
/** Publishers whose decoding times are late say that some pictures are shown before them. */
const NEGATIVE_OFFSETS = 2 ** 16;
const AUDIO_FIRST = 2 ** 44;
/** Twice what RTMP's counter can say, at the highest usual rate: where it begins anew, ffmpeg adds a turn of it. */
const AUDIO_MODULUS = 2 ** 39;
/** What sound's first number is, but for its time, which is small beside it. */
const AUDIO_BEGINS = AUDIO_FIRST + AUDIO_MODULUS / 2;

const scaled = (time: string): string => `floor((${time})*min(1\\,TB*${FINEST})+0.5)`;
/**
 * Where decoding times step back while ffmpeg has seen few of them, it makes up its own for pictures that are shown as they
 * are decoded: those go on as before, and are later than their picture is shown by as much as the clock went back.
 */
const DECODED = `if(not(eq(PTS\\,NOPTS))*lt(${scaled('PTS-DTS')}\\,${-NEGATIVE_OFFSETS})\\,PTS\\,DTS)`;
/** In the place of an offset. Of the first packet of RTSP nothing is said, and its decoding time is made up. */
const UNSAID = OFFSETS - 1;
const OFFSET =
  `if(eq(PTS\\,NOPTS)\\,if(eq(N\\,0)\\,${UNSAID}\\,${NEGATIVE_OFFSETS})\\,` +
  `${NEGATIVE_OFFSETS}+clip(${scaled(`PTS-${DECODED}`)}\\,${-NEGATIVE_OFFSETS}\\,${UNSAID - NEGATIVE_OFFSETS - 1}))`;
/** What it is then shown at: zero, or where the other streams are, if that is further away. */
const BEGUN_SECONDS = 1;

const SHOWN = `(${VIDEO_MODULUS}+mod(${scaled(DECODED)}\\,${VIDEO_MODULUS}))*${OFFSETS}+${OFFSET}`;

/** A millisecond at the most: sound of one time is a unit later each. */
const SAME_TIME = 45;
const IS_SAME_TIME = `between(ld(2)-ld(1)\\,0\\,${SAME_TIME})`;

/** A filter of ffmpeg's for each packet: what `PacketTimes` reads. */
export const PACKED_TIMES: Readonly<Record<'video' | 'audio', string>> = {
  video: `setts=dts=${2 ** 50}+1000*N:pts=${SHOWN}`,
  audio:
    `setts=ts=0*st(1\\,mod(DTS+${AUDIO_MODULUS / 2}\\,${AUDIO_MODULUS}))+` +
    `${AUDIO_FIRST}+st(1\\,if(${IS_SAME_TIME}\\,ld(2)+1\\,ld(1)))+` +
    `if(lte(ld(1)\\,ld(2))\\,st(0\\,ld(0)+${AUDIO_MODULUS})\\,ld(0))+0*st(2\\,ld(1))`,
};

/** ffmpeg halves a picture's units until they are so many in a second. 5.1 counts packets in those here, and `TB` is the input's. */
const VIDEO_OUTPUT_MIN_HZ = 48_000;
/** Pictures that are further apart, by the times at which they are decoded, are not of one clock, or one of them is a stray. */
const STRAY_SECONDS = 10;
const OUTPUT_HZ = `pow(2\\,max(0\\,ceil(log(${VIDEO_OUTPUT_MIN_HZ}*TB)/log(2)-0.000001)))/TB`;

/**
 * Of several inputs ffmpeg 5.1 reads the one whose output it has shown the earliest decoding time, and waits for it: live,
 * sound would be read for ever before the first picture. So pictures are decoded, it is shown, when sound of their time is.
 * (7.1 goes by the inputs' own times.) What `VideoTimes` reads is not changed by it.
 * @param soundRateHz in which ffmpeg counts sound that it writes
 */
export function videoBesideSound(soundRateHz: number): string {
  const beginsAt = `floor(${AUDIO_BEGINS / soundRateHz}*${OUTPUT_HZ})`;
  // A single picture that is stamped far ahead would have all of the sound read before the next one.
  const isNear = `lt(abs(${DECODED}-ld(0))\\,${STRAY_SECONDS}*${OUTPUT_HZ})`;
  const decoded = `if(eq(N\\,0)+${isNear}\\,${beginsAt}+${DECODED}\\,0)`;
  // Before the one in front of it, or later than it is shown, ffmpeg takes no picture.
  const besides = `clip(${decoded}\\,if(eq(N\\,0)\\,0\\,PREV_OUTDTS+1)\\,${2 ** 50}+N)`;
  // `clip` looks at what is clipped more than once.
  return `setts=dts=${besides}+0*st(0\\,${DECODED}):pts=${SHOWN}`;
}

/**
 * Inputs count sound by its rate or a part of it, by FLV's milliseconds, by the clock of MPEG and RTP, finer, and files of
 * MP3 and AAC alone by a common multiple of all their rates.
 */
const AUDIO_INPUTS_HZ: readonly ((rateHz: number) => number)[] = [
  (rateHz) => rateHz,
  (rateHz) => rateHz / 2,
  (rateHz) => 2 * rateHz,
  () => 1_000,
  () => 90_000,
  () => 1_000_000,
  () => 10_000_000,
  () => 14_112_000,
  () => 28_224_000,
];

/** Of pictures' times, in a second. Those of sound are counted in its samples. */
export const VIDEO_TIMESCALE = 90_000;

export function packetTimes(stream: NutStream): PacketTimes {
  if (stream.kind === 'other') return new DataTimes();
  return stream.kind === 'audio' ? new AudioTimes(stream) : new VideoTimes(stream);
}

class VideoTimes implements PacketTimes {
  readonly #stream: NutStream;
  #factor: bigint | undefined;
  #unitsHz = 1;
  #last: number | undefined;
  readonly #madeUp = new MadeUpTimes(VIDEO_TIMESCALE);

  constructor(stream: NutStream) {
    this.#stream = stream;
  }

  get place(): Place {
    return { seconds: (this.#last ?? 0) / this.#unitsHz, periodSeconds: VIDEO_MODULUS / this.#unitsHz };
  }

  next(packed: bigint, near: Place): Times {
    if (this.#factor === undefined) {
      this.#factor = videoFactor(packed);
      this.#unitsHz = Math.min(this.#stream.timescale / Number(this.#factor), FINEST);
    }
    const unitsHz = this.#unitsHz;
    const value = Number(packed / this.#factor) - VIDEO_MODULUS * OFFSETS;
    const time = Math.floor(value / OFFSETS);
    if (time < 0 || time >= VIDEO_MODULUS) throw new MediaError('a packet has an impossible time');
    const toTimescale = (units: number): number => Math.round((units * VIDEO_TIMESCALE) / unitsHz);
    const offset = value - time * OFFSETS;
    const isUnsaid = offset === UNSAID;
    if (isUnsaid && Math.abs(near.seconds) > BEGUN_SECONDS) {
      this.#last = Math.round(near.seconds * unitsHz);
      return { dts: toTimescale(this.#last), offset: 0 };
    }
    const before = this.#last ?? near.seconds * unitsHz;
    this.#last = time + Math.round((before - time) / VIDEO_MODULUS) * VIDEO_MODULUS;
    const shownAfter = isUnsaid ? Math.max(0, -this.#last) : offset - NEGATIVE_OFFSETS;
    return this.#madeUp.next({ dts: toTimescale(this.#last), offset: toTimescale(shownAfter) });
  }
}

/** ffmpeg halves a picture's units until they are fine enough. */
function videoFactor(packed: bigint): bigint {
  const first = BigInt(VIDEO_MODULUS * OFFSETS);
  for (let factor = 1n; factor <= 2048n; factor *= 2n)
    if (packed >= first * factor && packed < 2n * first * factor) return factor;
  throw new MediaError('the units of a time cannot be told');
}

class AudioTimes implements PacketTimes {
  readonly #stream: NutStream;
  #factor: number | undefined;
  /** To add, so that sound is near to the pictures that came before it. */
  #shiftSeconds = 0;
  #last: number | undefined;
  #place: Place = { seconds: 0, periodSeconds: Number.POSITIVE_INFINITY };

  constructor(stream: NutStream) {
    this.#stream = stream;
  }

  get place(): Place {
    return this.#place;
  }

  next(packed: bigint, near: Place): Times {
    const { timescale, sampleRateHz } = this.#stream;
    const isFirst = this.#factor === undefined;
    this.#factor ??= audioFactor(packed, this.#stream);
    const unitsHz = timescale / this.#factor;
    const value = Number(packed - BigInt(Math.round(AUDIO_FIRST * this.#factor))) / this.#factor;
    const sent = value - AUDIO_MODULUS / 2;
    const time = sent + Math.round(((this.#last ?? sent) - sent) / AUDIO_MODULUS) * AUDIO_MODULUS;
    this.#last = time;
    if (isFirst && Number.isFinite(near.periodSeconds)) {
      const periods = Math.round((near.seconds - time / unitsHz) / near.periodSeconds);
      this.#shiftSeconds = periods * near.periodSeconds;
    }
    const seconds = time / unitsHz + this.#shiftSeconds;
    this.#place = { ...this.#place, seconds };
    return { dts: Math.round(seconds * sampleRateHz), offset: 0 };
  }
}

/** Of that number, what the time may be. */
const AUDIO_TIME_SHARE = 0.025;

/** The nearest one: twice the rate of a CD is but 2 % from MPEG's clock. */
function audioFactor(packed: bigint, { sampleRateHz, timescale }: NutStream): number {
  const offBy = (factor: number): number => Math.abs(Number(packed) / (AUDIO_BEGINS * factor) - 1);
  const [nearest = 1] = AUDIO_INPUTS_HZ.map((unitsHz) => timescale / unitsHz(sampleRateHz)).sort(
    (one, other) => offBy(one) - offBy(other),
  );
  if (offBy(nearest) > AUDIO_TIME_SHARE) throw new MediaError('the units of a time cannot be told');
  return nearest;
}
