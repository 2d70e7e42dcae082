/** NAL units as a sample of MP4 has them: each after its length, in four bytes. */
export const sampleOf = (...units: readonly Buffer[]): Buffer =>
  Buffer.concat(
    units.flatMap((one) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(one.length);
      return [length, one];
    }),
  );
