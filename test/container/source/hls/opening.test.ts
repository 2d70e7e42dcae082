import { describe, expect, it } from 'vitest';
import { Opening } from '../../../../container/source/hls/opening.ts';
import { HttpFault } from '../../../../container/source/reach/judgedHttp.ts';

const fault = (status: number): HttpFault => new HttpFault(`Server returned ${status}`, { status });

describe('Opening', () => {
  it.each([404, 403, 410, 429, 500, 503])('asks again after a %i, and then for something else', (status) => {
    const opening = new Opening();
    const steps = [0, 1_000, 2_900, 3_000, 3_500, 6_400, 6_500].map((ms) => opening.step(fault(status), ms));
    expect(steps).toEqual(['again', 'again', 'again', 'another', 'again', 'again', 'another']);
    expect(opening.fault?.status).toBe(status);
  });

  it('asks again where nobody answers', () => {
    expect(new Opening().step(new HttpFault('Connection refused'), 0)).toBe('again');
  });

  it.each([
    ['other credentials are asked for', fault(401)],
    ['redirects go in circles', fault(302)],
    ['something else is there', new Error('no playlist')],
  ])('gives up at once where %s', (_what, error) => {
    const opening = new Opening();
    expect(opening.step(error, 0)).toBe('giveUp');
    expect(opening.fault).toBeUndefined();
  });
});
