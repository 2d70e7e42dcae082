import { afterEach, beforeEach, expect, it, vi } from 'vitest';

// The module is there once, as in a page: each test leaves nobody signed in.
/** What the API was sent for who is asking, in order; it lets in whom the test says. */
let sent: (string | null)[];
let knows: string | undefined;

beforeEach(() => {
  sent = [];
  knows = undefined;
  vi.stubGlobal('location', { origin: 'https://api.example', search: '' });
  vi.stubGlobal('fetch', async (request: Request) => {
    const authorization = request.headers.get('authorization');
    sent.push(authorization);
    // As API Gateway says it.
    if (authorization !== knows || knows === undefined)
      return Response.json({ message: 'Unauthorized' }, { status: 401 });
    return Response.json({ status: 'ok' });
  });
});
afterEach(() => void vi.unstubAllGlobals());

it('has user name and password, of any script, in memory until the API takes them no more', async () => {
  const { client, onSession, sessionView, signInBasic } = await import('../../../clients/web/session.ts');
  const told = vi.fn();
  onSession(told);
  await expect(client.health()).rejects.toMatchObject({ status: 401 });
  expect(sessionView()).toMatchObject({ isSignedIn: false, hasEnded: false });
  knows = `Basic ${Buffer.from('ana:pässwörd:😀').toString('base64')}`;
  signInBasic('ana', 'pässwörd:😀');
  expect(await client.health()).toEqual({ status: 'ok' });
  expect(sessionView()).toMatchObject({ isSignedIn: true, hasEnded: false });
  expect(sent).toEqual([null, knows]);
  // The password was changed meanwhile.
  knows = 'Basic another';
  await expect(client.health()).rejects.toMatchObject({ status: 401 });
  expect(sessionView()).toMatchObject({ isSignedIn: false, hasEnded: true });
  expect(told).toHaveBeenCalledTimes(2);
});

it('forgets them when the user signs out', async () => {
  const { client, sessionView, signInBasic, signOut } = await import('../../../clients/web/session.ts');
  signInBasic('ana', 'any');
  await signOut();
  expect(sessionView()).toMatchObject({ isSignedIn: false, hasEnded: false });
  await expect(client.health()).rejects.toMatchObject({ status: 401 });
  expect(sent).toEqual([null]);
});
