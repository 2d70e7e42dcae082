import type { ApiError } from '../../typescript/client.ts';
import { needsSignIn } from '../session.ts';
import { SignIn } from './signIn.tsx';

/** What the API said when it did not do as asked, with its code, and a way to try again. */
export function Problem({
  error,
  onRetry,
}: {
  readonly error: ApiError | undefined;
  readonly onRetry?: () => unknown;
}) {
  if (error === undefined) return null;
  if (needsSignIn(error)) return <SignIn />;
  return (
    <div class="problem" role="alert">
      <p>
        {error.message} <code>{error.code}</code>
        {error.field !== undefined && (
          <>
            {' '}
            in <code>{error.field}</code>
          </>
        )}
        {error.requestId !== undefined && <small> request {error.requestId}</small>}
      </p>
      {onRetry !== undefined && (
        <button type="button" onClick={() => void onRetry()}>
          Try again
        </button>
      )}
    </div>
  );
}
