import * as oauth from 'oauth4webapi';

/** How users of this deployment sign in, as `/console/config.json` has it. */
export interface OidcSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly scope: string;
  /** Whom the token is to be for, where the issuer has to be told. */
  readonly audience?: string;
}

export interface OidcTokens {
  /** What the API is sent. */
  readonly bearer: string;
  readonly idToken: string | undefined;
  readonly refreshToken: string | undefined;
  readonly expiresInMs: number | undefined;
}

/** What is kept while the user is at the issuer, for as long as the tab lives. No token is ever kept so. */
const PENDING = 'stream-recorder.sign-in';
interface Pending {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  /** The screen to come back to. */
  readonly hash: string;
}

const redirectUri = (): string => `${location.origin}/console`;
const CLIENT_AUTH = oauth.None();

/** A machine's own provider may speak HTTP, as its browser takes that for secure. */
function insecureOnLoopback(issuer: string): { [oauth.allowInsecureRequests]?: boolean } {
  const { protocol, hostname } = new URL(issuer);
  const isLoopback = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  return protocol === 'http:' && isLoopback ? { [oauth.allowInsecureRequests]: true } : {};
}

let discovered: Promise<oauth.AuthorizationServer> | undefined;
async function discover({ issuer }: OidcSettings): Promise<oauth.AuthorizationServer> {
  const url = new URL(issuer);
  discovered ??= oauth
    .discoveryRequest(url, insecureOnLoopback(issuer))
    .then((answer) => oauth.processDiscoveryResponse(url, answer));
  try {
    return await discovered;
  } catch (error) {
    // The next try asks again.
    discovered = undefined;
    throw error;
  }
}

/** Leaves the page for the issuer, which sends the user back to it. */
export async function leaveToSignIn(settings: OidcSettings): Promise<void> {
  const { authorization_endpoint: endpoint } = await discover(settings);
  if (endpoint === undefined) throw new Error('The issuer says no address to sign in at.');
  const pending: Pending = {
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
    verifier: oauth.generateRandomCodeVerifier(),
    hash: location.hash,
  };
  sessionStorage.setItem(PENDING, JSON.stringify(pending));
  const url = new URL(endpoint);
  const asked = {
    response_type: 'code',
    client_id: settings.clientId,
    redirect_uri: redirectUri(),
    scope: settings.scope,
    state: pending.state,
    nonce: pending.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(pending.verifier),
    code_challenge_method: 'S256',
    ...(settings.audience === undefined ? {} : { audience: settings.audience }),
  };
  for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value);
  location.assign(url);
}

/** Whether the issuer has just sent the user back. */
export function hasComeBack(): boolean {
  const answered = new URLSearchParams(location.search);
  return answered.has('state') && (answered.has('code') || answered.has('error'));
}

/** Takes what the issuer sent out of the address, which has then the screen that was left. @returns what was kept */
function comeBack(): { readonly answered: URLSearchParams; readonly pending: Pending } {
  const answered = new URLSearchParams(location.search);
  const kept = sessionStorage.getItem(PENDING);
  sessionStorage.removeItem(PENDING);
  const pending = kept === null ? undefined : (JSON.parse(kept) as Pending);
  history.replaceState(null, '', `${location.pathname}${pending?.hash ?? ''}`);
  if (pending === undefined) throw new Error('This sign-in was not begun in this tab.');
  return { answered, pending };
}

/**
 * @param skewSeconds the issuer's clock against this machine's, which may be wrong by a day
 * @throws Error where the issuer refuses, or what came is no answer to what was asked
 */
export async function finishSignIn(settings: OidcSettings, skewSeconds: number): Promise<OidcTokens> {
  const { answered, pending } = comeBack();
  const server = await discover(settings);
  const client = clientOf(settings, skewSeconds);
  const checked = oauth.validateAuthResponse(server, client, answered, pending.state);
  const answer = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    CLIENT_AUTH,
    checked,
    redirectUri(),
    pending.verifier,
    insecureOnLoopback(settings.issuer),
  );
  return tokensOf(
    await oauth.processAuthorizationCodeResponse(server, client, answer, { expectedNonce: pending.nonce }),
  );
}

/** New tokens for the refresh token. @throws Error where the issuer gives none any more */
export async function refresh(
  settings: OidcSettings,
  refreshToken: string,
  skewSeconds: number,
): Promise<OidcTokens> {
  const server = await discover(settings);
  const client = clientOf(settings, skewSeconds);
  const answer = await oauth.refreshTokenGrantRequest(
    server,
    client,
    CLIENT_AUTH,
    refreshToken,
    insecureOnLoopback(settings.issuer),
  );
  const given = tokensOf(await oauth.processRefreshTokenResponse(server, client, answer));
  // An issuer that does not turn them over says none.
  return { ...given, refreshToken: given.refreshToken ?? refreshToken };
}

/** Ends the session at the issuer too, where it lets a page do that; the page is left for it then. */
export async function leaveToSignOut(settings: OidcSettings, idToken: string | undefined): Promise<void> {
  const { end_session_endpoint: endpoint } = await discover(settings);
  if (endpoint === undefined) return;
  const url = new URL(endpoint);
  url.searchParams.set('client_id', settings.clientId);
  url.searchParams.set('post_logout_redirect_uri', redirectUri());
  if (idToken !== undefined) url.searchParams.set('id_token_hint', idToken);
  location.assign(url);
}

const clientOf = ({ clientId }: OidcSettings, skewSeconds: number): oauth.Client => ({
  client_id: clientId,
  [oauth.clockSkew]: skewSeconds,
});

/** An API takes a JWT: an access token that is none is for the issuer alone, and the ID token is what there is. */
export function tokensOf(answer: oauth.TokenEndpointResponse): OidcTokens {
  const { access_token: accessToken, id_token: idToken, refresh_token: refreshToken } = answer;
  const isJwt = /^[\w-]+\.[\w-]+\.[\w-]+$/.test(accessToken);
  return {
    bearer: isJwt ? accessToken : (idToken ?? accessToken),
    idToken,
    refreshToken,
    expiresInMs: answer.expires_in === undefined ? undefined : answer.expires_in * 1000,
  };
}
