import type { ApiError } from '../../typescript/client.ts';
import { needsSignIn, signIn } from '../session.ts';

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

function SignIn() {
  return (
    <form
      class="problem"
      onSubmit={(event) => {
        event.preventDefault();
        const fields = new FormData(event.currentTarget as HTMLFormElement);
        signIn(String(fields.get('username')), String(fields.get('password')));
      }}
    >
      <p>The API asks who you are.</p>
      <label>
        User name <input name="username" autocomplete="username" required />
      </label>
      <label>
        Password <input name="password" type="password" autocomplete="current-password" required />
      </label>
      <button type="submit">Sign in</button>
    </form>
  );
}
