/** What came is no RTMP, or more of it than is kept. */
export class RtmpError extends Error {
  override readonly name = 'RtmpError';
}

/** The server answered, and gives nothing. The message is its own: it may hold the source's secrets. */
export class RtmpRefusedError extends Error {
  override readonly name = 'RtmpRefusedError';
}

/** The server sends whoever asks to another one. */
export class RtmpRedirectError extends Error {
  override readonly name = 'RtmpRedirectError';
  /** An application's address, or a stream's, as the server says it. */
  readonly location: string;

  constructor(location: string) {
    super('the server redirects');
    this.location = location;
  }
}

/** The server asks for a password, in a way that is known: it is to be asked again, with this. */
export class RtmpAuthenticationError extends Error {
  override readonly name = 'RtmpAuthenticationError';
  /** What is added to the application's name and address. */
  readonly answer: string;

  constructor(answer: string) {
    super('the server asks for authentication');
    this.answer = answer;
  }
}

/** Why a server is not listened to any more. */
export type RtmpFault = RtmpError | RtmpRefusedError | RtmpRedirectError | RtmpAuthenticationError;

export const isRtmpFault = (error: unknown): error is RtmpFault =>
  [RtmpError, RtmpRefusedError, RtmpRedirectError, RtmpAuthenticationError].some(
    (kind) => error instanceof kind,
  );
