/** Why no more is written to a sink. */
export type FeedEnd =
  /** What comes next is a stream of its own. */
  | { readonly kind: 'seam' }
  /** The playlist has ended. */
  | { readonly kind: 'ended' }
  /** Whoever reads has gone. */
  | { readonly kind: 'closed' }
  /** Nothing more can be had, for now or for good: HttpFault, PlaylistError, LostStreamError, ForbiddenSourceError. */
  | { readonly kind: 'failed'; readonly error: unknown };
