import { describe, expect, it } from 'vitest';
import { LeadingPictures } from '../../../../functions/core/media/nal/leadingPictures.ts';

/** A sample of NAL units that are two bytes long, of these types. */
function sampleOf(codec: string, ...types: number[]): Buffer {
  return Buffer.concat(
    types.map((type) => Buffer.from([0, 0, 0, 2, codec === 'hevc' ? type << 1 : type | 0x60, 1])),
  );
}

const AVC = { idr: 5, slice: 1, sps: 7, pps: 8, sei: 6 };
const HEVC = { cra: 21, bla: 16, idr: 19, trail: 1, rasl: 9, raslUnused: 8, radl: 7, sps: 33 };

describe('LeadingPictures', () => {
  it('of H.264: an I picture that is no IDR is an open entry, and what is shown before it is lost', () => {
    const pictures = new LeadingPictures('h264');
    const open = sampleOf('h264', AVC.sps, AVC.pps, AVC.sei, AVC.slice);
    expect(pictures.isOpenEntry(open)).toBe(true);
    pictures.begin(open, 100);
    expect(pictures.isLost(sampleOf('h264', AVC.slice), 98)).toBe(true);
    expect(pictures.isLost(sampleOf('h264', AVC.slice), 101)).toBe(false);
    const closed = sampleOf('h264', AVC.sps, AVC.idr);
    expect(pictures.isOpenEntry(closed)).toBe(false);
    pictures.begin(closed, 200);
    expect(pictures.isLost(sampleOf('h264', AVC.slice), 150)).toBe(false);
  });

  it.each([HEVC.cra, HEVC.bla])('of HEVC: after picture type %i RASL is lost, RADL is not', (entry) => {
    const pictures = new LeadingPictures('hevc');
    pictures.begin(sampleOf('hevc', HEVC.sps, entry), 100);
    expect(pictures.isLost(sampleOf('hevc', HEVC.rasl), 98)).toBe(true);
    expect(pictures.isLost(sampleOf('hevc', HEVC.raslUnused), 99)).toBe(true);
    expect(pictures.isLost(sampleOf('hevc', HEVC.radl), 99)).toBe(false);
    expect(pictures.isLost(sampleOf('hevc', HEVC.trail), 101)).toBe(false);
  });

  it('of an HEVC IDR, of another codec, and of what cannot be read nothing is lost', () => {
    const hevc = new LeadingPictures('hevc');
    hevc.begin(sampleOf('hevc', HEVC.idr), 100);
    expect(hevc.isLost(sampleOf('hevc', HEVC.radl), 99)).toBe(false);
    const vp9 = new LeadingPictures('vp9');
    vp9.begin(Buffer.from('00', 'hex'), 100);
    expect(vp9.isLost(Buffer.from('00', 'hex'), 1)).toBe(false);
    const avc = new LeadingPictures('h264');
    avc.begin(Buffer.from('000000ff65', 'hex'), 100);
    expect(avc.isLost(Buffer.from('000000ff65', 'hex'), 1)).toBe(false);
  });
});
