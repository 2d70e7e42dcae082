import type { TrackInfo } from '../types.ts';
import type { Packet } from './packet.ts';

/** Clockwise, in degrees. */
export type QuarterTurn = 90 | 180 | 270;

/** What a container says of a track's samples. The same object for as long as nothing of it changes. */
export interface TrackDescription {
  readonly info: TrackInfo;
  /** Of the codec, as AVI has it in four bytes: for codecs that have no other name in a container. */
  readonly tag: Buffer;
  /** avcC, hvcC, av1C, AudioSpecificConfig, or what else the codec has; empty where there is none. */
  readonly configuration: Buffer;
  /** Units of the samples' times in a second: the rate of sound, 90,000 for pictures. */
  readonly timescale: number;
  /** Shape of a pixel. */
  readonly pixelWidth: number;
  readonly pixelHeight: number;
  /** A player is to turn the picture so far: a telephone was held so. Of our containers MP4 says it. */
  readonly turn?: QuarterTurn;
  /** What an encoder of ours put in front of the first sample's sound: decoded, not heard. */
  readonly primingSamples: number;
}

/** What is shown or heard at one time. Pictures of H.264 and HEVC have lengths in front of their NAL units, AAC no header. */
export interface Sample {
  readonly description: TrackDescription;
  /** When it is decoded, in the description's timescale, on the source's own timeline. */
  readonly dts: number;
  /** How much later it is shown. */
  readonly offset: number;
  /** Decoding can begin here. */
  readonly keyframe: boolean;
  /** Valid until more is read. */
  readonly data: Buffer;
}

/** A picture that can be decoded by itself. */
export type KeyPicture = Pick<Sample, 'description' | 'data'>;

/** What ffmpeg was told to write as one track. */
export interface TrackSource {
  readonly kind: 'video' | 'audio';
  /** As ffprobe names it. */
  readonly codec: string;
  /** ffmpeg makes it anew, in place of a copy. */
  readonly isEncoded: boolean;
  /** As the source has it. */
  readonly language?: string;
  readonly turn?: QuarterTurn;
}

/** Makes samples of one stream's packets. */
export interface Track {
  /** What the samples are, as far as it is known before the first one. */
  readonly description: TrackDescription | undefined;
  /** Undefined for a packet that cannot be shown: nothing has said yet how it is coded. @throws MediaError */
  next(packet: Packet): Sample | undefined;
}
