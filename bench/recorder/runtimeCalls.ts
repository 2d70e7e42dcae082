import type { Runtime } from '../../infra/local/runtime.ts';

interface Answer {
  readonly recordingId?: string;
}

/** @throws Error with the API's answer when it is none of success */
export async function call(
  { apiUrl }: Runtime,
  method: string,
  route: string,
  body?: object,
): Promise<Answer> {
  const answer = await fetch(`${apiUrl}${route}`, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  if (!answer.ok) throw new Error(`${method} ${route}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Answer;
}

/** Notes when the part was opened, and when the first media came: in an S3 part or in the journal. */
export function watchLanding({ faults }: Runtime): {
  openedAt?: number;
  firstMediaAt?: number;
  end: () => void;
} {
  const hit = faults.s3.hit.bind(faults.s3);
  const seen: ReturnType<typeof watchLanding> = {
    end: () => {
      faults.s3.hit = hit;
    },
  };
  faults.s3.hit = (call) => {
    if (call.operation === 'PutObject' && call.target.endsWith('/open.json')) {
      seen.openedAt ??= performance.now();
    }
    const isJournal = call.operation === 'PutObject' && call.target.startsWith('landing/state/journal/');
    if (isJournal || call.operation === 'UploadPart') seen.firstMediaAt ??= performance.now();
    return hit(call);
  };
  return seen;
}
