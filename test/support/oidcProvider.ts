import { createServer, type Server } from 'node:http';
import { type Client, Provider } from 'oidc-provider';
import { listenOnLoopback } from '../../infra/emulators/shared/loopback.ts';

export const AUDIENCE = 'recorder';
export const CLIENT_ID = 'console';

export interface OidcProvider {
  readonly issuer: string;
  /** No refresh token is good any more; whoever has signed in at the issuer stays so. */
  revokeRefreshTokens(): void;
  close(): void;
}

export interface OidcProviderOptions {
  /** Where the client may be sent back to. */
  readonly redirectUri: string;
  readonly accessTokenSeconds: number;
}

/** An OpenID Connect issuer with one public client; anybody may sign in. Its access tokens are JWTs for `AUDIENCE`. */
export async function startOidcProvider(options: OidcProviderOptions): Promise<OidcProvider> {
  let answer: Parameters<typeof createServer>[1] = (_, response) => response.end();
  const server: Server = createServer((request, response) => answer?.(request, response));
  const issuer = await listenOnLoopback(server);
  let refreshes = true;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT_ID,
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        redirect_uris: [options.redirectUri],
        post_logout_redirect_uris: [options.redirectUri],
      },
    ],
    clientBasedCORS: () => true,
    cookies: { keys: ['a key of a test'] },
    pkce: { required: () => true },
    issueRefreshToken: (_: unknown, client: Client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: () => {
      if (!refreshes) throw new Error('revoked');
      return true;
    },
    ttl: {
      AccessToken: options.accessTokenSeconds,
      Session: 3600,
      Grant: 3600,
      Interaction: 3600,
      IdToken: 3600,
    },
    features: {
      resourceIndicators: {
        enabled: true,
        defaultResource: () => 'urn:recorder',
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({ scope: '', audience: AUDIENCE, accessTokenFormat: 'jwt' }),
      },
    },
  });
  answer = provider.callback();
  return {
    issuer,
    revokeRefreshTokens: () => {
      refreshes = false;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
