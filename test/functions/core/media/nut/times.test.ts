import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NutStream } from '../../../../../functions/core/media/nut/header.ts';
import { packetTimes } from '../../../../../functions/core/media/nut/times.ts';

const RATES_HZ = [8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000];
/** As demuxers of ffmpeg count: FLV, MPEG and RTP, Matroska, ASF, MP3 and AAC alone; and by the rate itself. */
const INPUTS_HZ = [1_000, 90_000, 1_000_000, 10_000_000, 14_112_000, 28_224_000, 0];
/** What the filter adds (PACKED_TIMES). */
const ADDED = 2 ** 44 + 2 ** 37;
const NEAR = { seconds: 0, periodSeconds: Number.POSITIVE_INFINITY };

const soundOf = (rateHz: number): NutStream => ({
  ...{ kind: 'audio', tag: Buffer.alloc(4), timeBase: { numerator: 1, denominator: rateHz } },
  ...{ timescale: rateHz, timeBits: 14, extradata: Buffer.alloc(0), sampleRateHz: rateHz, channels: 2 },
  ...{ width: 0, height: 0, pixelWidth: 0, pixelHeight: 0 },
});

describe('the times of sound', () => {
  it("are the source's, whatever its units are, also where ffmpeg brought the packed number into those of the rate", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...RATES_HZ),
        fc.constantFrom(...INPUTS_HZ),
        // Of MPEG's clock and RTP's: more than what they count to.
        fc.nat(2 ** 31).map((part) => part * 4),
        (rateHz, unitsHz, dts) => {
          const inputHz = unitsHz === 0 ? rateHz : unitsHz;
          const packed = BigInt(Math.round(((ADDED + dts) * rateHz) / inputHz));
          const { dts: samples } = packetTimes(soundOf(rateHz)).next(packed, NEAR);
          expect(Math.abs(samples - (dts * rateHz) / inputHz)).toBeLessThan(2);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
