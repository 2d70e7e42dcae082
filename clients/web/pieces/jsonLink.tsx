import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { type ApiError, asApiError } from '../../typescript/client.ts';
import { saveBlob } from '../saving.ts';
import { sessionView } from '../session.ts';
import { Problem } from './problem.tsx';

export interface JsonLinkProps {
  readonly children: ComponentChildren;
  /** Of the API, to copy. */
  readonly address: string;
  readonly fileName: string;
  /** What is there. */
  readonly load: () => Promise<unknown>;
}

/**
 * Leads to what the API answers. A browser that follows a link sends no token: for who is signed in it is asked for as the page
 * asks, and saved.
 */
export function JsonLink({ children, address, fileName, load }: JsonLinkProps) {
  const [error, setError] = useState<ApiError | undefined>(undefined);
  const save = async (): Promise<void> => {
    setError(undefined);
    try {
      const text = JSON.stringify(await load(), null, 2);
      saveBlob(new Blob([text], { type: 'application/json' }), fileName);
    } catch (cause) {
      setError(asApiError(cause));
    }
  };
  return (
    <>
      <a
        href={address}
        onClick={(event) => {
          if (!sessionView().isSignedIn) return;
          event.preventDefault();
          void save();
        }}
      >
        {children}
      </a>
      <Problem error={error} onRetry={save} />
    </>
  );
}
