export type UnitKind = 'vps' | 'sps' | 'pps' | 'slice';

/** Sequence parameter set: how the frames are coded that refer to it. */
export interface SequenceParameters {
  readonly id: number;
  /** As shown, in pixels: what is cut off at the edges is not counted. */
  readonly width: number;
  readonly height: number;
}

/** A codec configuration record (avcC, hvcC): what a container says of a track's parameter sets. */
export interface Configuration {
  /** Of the length in front of each NAL unit of a sample. */
  readonly lengthBytes: number;
  /** The parameter sets, and what else it has. */
  readonly units: readonly Buffer[];
  /**
   * The record with other parameter sets.
   * @param sets the first SPS is the one in use
   * @throws MediaError they do not fit into a record
   */
  withSets(sets: readonly Buffer[]): Buffer;
}

/** What must be known of a codec whose parameter sets may come with its samples. All functions throw MediaError. */
export interface NalCodec {
  parseConfiguration(record: Buffer): Configuration;
  /** A record of these sets, for samples whose NAL units have their lengths in four bytes in front. */
  newRecord(sets: readonly Buffer[]): Buffer;
  /** Undefined for what is of no interest here. */
  kindOf(unit: Buffer): UnitKind | undefined;
  sequenceOf(sps: Buffer): SequenceParameters;
  pictureOf(pps: Buffer): { readonly id: number; readonly sequenceId: number };
  /** Of the picture parameter set that a slice refers to. */
  pictureIdOf(slice: Buffer): number;
}

/** A slice's header begins with what is asked of it; emulation prevention could lengthen it. */
export const SLICE_HEADER_BYTES = 32;
