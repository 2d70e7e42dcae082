import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NutStream } from '../../../../../functions/core/media/nut/header.ts';
import { packetTimes } from '../../../../../functions/core/media/nut/times.ts';

const RATES_HZ = [8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000];
/** As demuxers of ffmpeg count: FLV, MPEG and RTP, Matroska, ASF, MP3 and AAC alone; and by the rate itself. */
const INPUTS_HZ = [1_000, 90_000, 1_000_000, 10_000_000, 14_112_000, 28_224_000, 0];
/** What the filter adds (PACKED_TIMES). */
const ADDED = 2 ** 44 + 2 ** 38;
const NEAR = { seconds: 0, periodSeconds: Number.POSITIVE_INFINITY };

const soundOf = (rateHz: number): NutStream => ({
  ...{ kind: 'audio', tag: Buffer.alloc(4), timeBase: { numerator: 1, denominator: rateHz } },
  ...{ timescale: rateHz, timeBits: 14, extradata: Buffer.alloc(0), sampleRateHz: rateHz, channels: 2 },
  ...{ width: 0, height: 0, pixelWidth: 0, pixelHeight: 0 },
});

const PICTURES: NutStream = {
  ...{ kind: 'video', tag: Buffer.alloc(4), timeBase: { numerator: 1, denominator: 90_000 } },
  ...{ timescale: 90_000, timeBits: 14, extradata: Buffer.alloc(0), sampleRateHz: 0, channels: 0 },
  ...{ width: 160, height: 96, pixelWidth: 1, pixelHeight: 1 },
};

describe('the times of pictures', () => {
  it("are the source's, also of those that it says are decoded after they are shown", () => {
    const packed = (dts: number, offset: number): bigint =>
      (2n ** 33n + BigInt(dts)) * 2n ** 18n + 2n ** 16n + BigInt(offset);
    fc.assert(
      fc.property(fc.nat(2 ** 32), fc.integer({ min: -(2 ** 16), max: 2 ** 17 }), (dts, offset) => {
        expect(packetTimes(PICTURES).next(packed(dts, offset), NEAR)).toEqual({ dts, offset });
      }),
    );
  });
});

describe('the first picture of which nothing is said, as RTSP has it', () => {
  const packed = (dts: number): bigint =>
    (2n ** 33n + BigInt((dts + 2 ** 33) % 2 ** 33)) * 2n ** 18n + 2n ** 18n - 1n;

  it('is shown at zero, whenever it is decoded', () => {
    expect(packetTimes(PICTURES).next(packed(0), NEAR)).toEqual({ dts: 0, offset: 0 });
    expect(packetTimes(PICTURES).next(packed(-7_200), NEAR)).toEqual({ dts: -7_200, offset: 7_200 });
  });

  it('is where the sound is that came long before it', () => {
    const near = { seconds: 5.04, periodSeconds: Number.POSITIVE_INFINITY };
    expect(packetTimes(PICTURES).next(packed(0), near)).toEqual({ dts: 453_600, offset: 0 });
  });
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

  it('are followed however far they jump: by a whole turn of RTMP’s counter, which ffmpeg adds where one begins anew', () => {
    const modulus = 2 ** 39;
    fc.assert(
      fc.property(
        fc.constantFrom(8_000, 44_100, 48_000),
        // By half of what is counted to, nobody can tell which way.
        fc.array(fc.integer({ min: -(2 ** 38) + 1, max: 2 ** 38 - 1 }), { minLength: 2, maxLength: 20 }),
        (rateHz, steps) => {
          const times = packetTimes(soundOf(rateHz));
          let [dts, added, before] = [0, 0, 0];
          for (const step of [0, Math.round(2 ** 32 * (rateHz / 1_000)), ...steps]) {
            dts += step;
            const sent = (((dts + modulus / 2) % modulus) + modulus) % modulus;
            if (sent <= before) added += modulus;
            before = sent;
            expect(times.next(BigInt(2 ** 44 + added + sent), NEAR).dts).toBe(dts);
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});
