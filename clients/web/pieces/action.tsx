import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { type ApiError, asApiError } from '../../typescript/client.ts';
import { Problem } from './problem.tsx';

export interface ActionProps {
  readonly children: ComponentChildren;
  readonly run: () => Promise<unknown>;
  /** Asked first, for what cannot be undone. */
  readonly confirm?: string;
  readonly kind?: 'danger' | 'main';
  readonly label?: string;
  /** The key that presses it, where the screen listens; it stands in the button. */
  readonly shortcut?: string;
  /** What Enter in a field of its form does, once all its fields hold what they must. */
  readonly submits?: boolean;
}

/** A button that does something over the API: it waits for the answer, and shows what was wrong with it. */
export function Action({ children, run, confirm, kind, label, shortcut, submits = false }: ActionProps) {
  const [state, setState] = useState<{ busy: boolean; error?: ApiError }>({ busy: false });
  const act = async (): Promise<void> => {
    if (confirm !== undefined && !window.confirm(confirm)) return;
    setState({ busy: true });
    try {
      await run();
      setState({ busy: false });
    } catch (cause) {
      const error = asApiError(cause);
      setState({ busy: false, error });
    }
  };
  return (
    <>
      <button
        type={submits ? 'submit' : 'button'}
        class={kind}
        disabled={state.busy}
        aria-busy={state.busy}
        aria-label={label}
        aria-keyshortcuts={shortcut}
        onClick={({ currentTarget }) => {
          // Enter presses it too, before the browser has looked at the fields.
          if (!submits || currentTarget.form?.reportValidity() !== false) void act();
        }}
      >
        {children}
      </button>
      <Problem error={state.error} />
    </>
  );
}
