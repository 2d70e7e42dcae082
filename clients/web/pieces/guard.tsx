import type { ComponentChildren } from 'preact';
import { useErrorBoundary } from 'preact/hooks';
import { ApiError } from '../../typescript/client.ts';
import { Problem } from './problem.tsx';

/** A screen that cannot show what the API answered says so, and the others go on. */
export function Guard({ children }: { readonly children: ComponentChildren }) {
  const [cause, reset] = useErrorBoundary((error: unknown) => {
    console.warn('The screen could not be shown', error);
  });
  if (cause === undefined) return <>{children}</>;
  const message =
    'This screen cannot show what the API answered: the page and the API may be of different versions. Load the page again.';
  return (
    <>
      <h1>Not shown</h1>
      <Problem error={new ApiError(message, { status: 0, code: 'not_understood', cause })} onRetry={reset} />
    </>
  );
}
