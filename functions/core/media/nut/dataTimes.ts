import type { PacketTimes, Place, Times } from './packetTimes.ts';

/** Of MPEG-TS alone data are recorded, and its times begin again after so many 1/90,000 s. */
export const DATA_TIME_MODULUS = 2 ** 33;
const FIRST = 2 ** 34;

/**
 * A filter of ffmpeg's for each packet of data, whose times may lie as others do, or be missing: shown at 2^34 + its own
 * time, or 2^33 where there is none; decoded before all sound and pictures (./times.ts), so that it comes when it was sent.
 */
export const PACKED_DATA_TIMES = `setts=dts=N:pts=${FIRST}+if(eq(PTS\\,NOPTS)\\,${DATA_TIME_MODULUS}\\,mod(PTS\\,${DATA_TIME_MODULUS}))`;

/** Reads them, in 1/90,000 s, modulo 2^33; NaN: the source says none. */
export class DataTimes implements PacketTimes {
  readonly place: Place = { seconds: 0, periodSeconds: Number.POSITIVE_INFINITY };

  next(packed: bigint): Times {
    const ticks = Number(packed) - FIRST;
    return { dts: ticks < DATA_TIME_MODULUS ? ticks : Number.NaN, offset: 0 };
  }
}
