import type { RecordingSummary } from '../../typescript/client.ts';

type Status = RecordingSummary['status'];

/** What each status means to who looks at it. */
const MEANINGS: Readonly<Record<Status, string>> = {
  starting: 'Asked for; no frame has been recorded yet.',
  recording: 'Frames are being recorded.',
  interrupted: 'The recorder ended and nobody asked for it; another one follows.',
  stopping: 'A stop was asked; the recorder is finishing.',
  processing: 'Recorded; its parts are on their way to the library.',
  available: 'Every part is in the library.',
  failed: 'Ended for a fault; what was recorded is kept.',
};

export const ACTIVE: ReadonlySet<Status> = new Set(['starting', 'recording', 'interrupted', 'stopping']);

export const ENDED: ReadonlySet<Status | undefined> = new Set(['available', 'failed']);

export function StatusBadge({ status, reason }: { readonly status: Status; readonly reason?: string }) {
  const title = [MEANINGS[status], reason].filter((text) => text !== undefined).join(' ');
  return (
    <span class={`badge ${status}`} title={title}>
      {status}
    </span>
  );
}
