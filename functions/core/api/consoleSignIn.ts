import * as z from 'zod/mini';

const text = z.string().check(z.minLength(1));

/** How callers sign in to the console of a deployment that takes tokens of an OpenID Connect issuer. */
export const consoleSignInSchema = z.strictObject({
  issuer: z.url(),
  clientId: text,
  /** What is asked of the issuer: `openid`, and more, separated by spaces. */
  scope: text,
  /** Whom the token is to be for, where the issuer has to be told. */
  audience: z.exactOptional(text),
  /** Where the issuer's other addresses are, as origins: for the page's Content-Security-Policy. */
  origins: z.array(text),
});
export type ConsoleSignIn = z.infer<typeof consoleSignInSchema>;

/** What the page reads before it asks who somebody is: no `signIn`, and the API takes HTTP Basic, or everybody. */
export interface ConsoleConfig {
  readonly signIn?: Omit<ConsoleSignIn, 'origins'>;
}

export const CONSOLE_CONFIG_PATH = '/console/config.json';

export function consoleConfig(signIn: ConsoleSignIn | undefined): ConsoleConfig {
  if (signIn === undefined) return {};
  const { origins: _, ...shown } = signIn;
  return { signIn: shown };
}

/** Origins that the page asks besides its own while somebody signs in. */
export const signInOrigins = (signIn: ConsoleSignIn | undefined): readonly string[] =>
  signIn === undefined ? [] : [new URL(signIn.issuer).origin, ...signIn.origins];
