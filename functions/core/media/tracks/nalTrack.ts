import { ifReadable } from '../ifReadable.ts';
import {
  changedParameters,
  haveSameSets,
  parametersOf,
  parametersOfRecord,
  type VideoParameters,
} from '../nal/changedParameterSets.ts';
import { isUnmarkedKeyframe } from '../nal/h264.ts';
import { Pictureless } from '../nal/pictureless.ts';
import { sampleOf, unitsBetweenStartCodes, wholeUnitsIn } from '../nal/units.ts';
import { isFilling } from './filling.ts';
import type { Packet } from './packet.ts';
import type { Sample, Track, TrackDescription } from './sample.ts';

/** In configuration records: how long the lengths are. */
const AVC_LENGTHS_AT = 4;
const HEVC_LENGTHS_AT = 21;
/** Of what comes as a byte stream (`sampleOf`). */
const BYTE_STREAM_LENGTHS = 4;

/** A configuration record begins with its version; anything else has start codes. */
const isRecord = (configuration: Buffer): boolean => configuration[0] === 1;

/**
 * H.264 and HEVC, as they lie in MP4 or as a byte stream. Their parameter sets change by a new configuration (FLV), or
 * within the samples (MPEG-TS, RTSP).
 */
export class NalTrack implements Track {
  readonly #isByteStream: boolean;
  readonly #codec: string;
  readonly #template: TrackDescription;
  readonly #pictureless: Pictureless;
  #current: TrackDescription | undefined;

  constructor(description: TrackDescription) {
    this.#template = description;
    this.#codec = description.info.codec;
    this.#pictureless = new Pictureless(this.#codec);
    this.#isByteStream = !isRecord(description.configuration);
    if (this.#isByteStream)
      this.#change(parametersOf(this.#codec, [...unitsBetweenStartCodes(description.configuration)]));
    else this.#current = description;
  }

  get description(): TrackDescription | undefined {
    return this.#current;
  }

  next({ dts, offset, keyframe: isMarked, data, extradata }: Packet): Sample | undefined {
    if (extradata !== undefined) this.#reconfigure(extradata);
    if (isFilling(data)) return undefined;
    const units = this.#isByteStream ? [...unitsBetweenStartCodes(data)] : undefined;
    const isUnmarked = !isMarked && this.#codec === 'h264' && units !== undefined;
    const keyframe = isMarked || (isUnmarked && ifReadable(() => isUnmarkedKeyframe(units)) === true);
    const sent = units === undefined ? data : sampleOf(units);
    const sample = this.#pictureless.next(
      sent,
      units === undefined ? this.#lengthBytes : BYTE_STREAM_LENGTHS,
    );
    if (sample === undefined) return undefined;
    if (keyframe && this.#current !== undefined)
      this.#change(changedParameters(this.#codec, this.#current.configuration, sample));
    if (keyframe && units !== undefined && this.#current === undefined)
      this.#change(parametersOf(this.#codec, wholeUnitsIn(sample, BYTE_STREAM_LENGTHS)));
    const description = this.#current;
    return description === undefined ? undefined : { description, dts, offset, keyframe, data: sample };
  }

  /** As the configuration says, in front of each unit. */
  get #lengthBytes(): number {
    const packed = this.#current?.configuration[this.#codec === 'hevc' ? HEVC_LENGTHS_AT : AVC_LENGTHS_AT];
    return ((packed ?? 3) & 3) + 1;
  }

  /** Servers repeat what they sent: that is no change. */
  #reconfigure(extradata: Buffer): void {
    const known = this.#current?.configuration;
    if (!isRecord(extradata)) {
      const sets = [...unitsBetweenStartCodes(extradata)];
      const parameters = parametersOf(this.#codec, sets);
      if (
        parameters === undefined ||
        (known !== undefined && haveSameSets(this.#codec, known, parameters.record))
      )
        return;
      this.#begin(parameters);
    } else if (known === undefined || !haveSameSets(this.#codec, known, extradata)) {
      this.#begin(parametersOfRecord(this.#codec, extradata));
    }
  }

  /** Another encoder's pictures follow, or the same one's of another size. */
  #begin(parameters: VideoParameters | undefined): void {
    if (parameters === undefined) return;
    this.#pictureless.forget();
    this.#change(parameters);
  }

  #change(parameters: VideoParameters | undefined): void {
    if (parameters === undefined) return;
    const { record, width, height } = parameters;
    this.#current = {
      ...this.#template,
      info: { ...this.#template.info, width, height },
      configuration: record,
    };
  }
}
