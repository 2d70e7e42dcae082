export interface Times {
  readonly dts: number;
  readonly offset: number;
}

/** Where the streams of an output are. Pictures' times begin again after so long, so it is known but for that. */
export interface Place {
  readonly seconds: number;
  readonly periodSeconds: number;
}

/** The times of one stream's packets, in 1/90,000 s for pictures and data, in samples for sound. */
export interface PacketTimes {
  /**
   * @param packed as it stands in NUT
   * @param near where the other streams are
   * @throws MediaError a time that our filter does not make
   */
  next(packed: bigint, near: Place): Times;
  /** Where the stream is. */
  readonly place: Place;
}
