import type { ReadSourceSecret } from '../../functions/aws/sourceSecrets.ts';
import { filledUrl, isMeantFor } from '../../functions/core/source/sourceSecret.ts';
import type { Job, Reason } from '../../functions/core/state/objects.ts';

/**
 * The job with its source's credentials in place: in the memory of the recorder, and nowhere else. Each attempt reads them
 * again, so that a password may change.
 */
export async function withSecret(
  job: Job,
  readSecret: ReadSourceSecret,
): Promise<{ readonly job: Job } | { readonly reason: Reason }> {
  const { url, secret } = job.source;
  if (secret === undefined) return { job };
  const values = await readSecret(secret);
  const refuse = (message: string) => ({ reason: { code: 'source_unauthorised', message } as const });
  if (values === undefined) {
    return refuse(
      'The secret that sourceSecret names is not there, may not be read by recorders, or is no JSON object of texts.',
    );
  }
  if (!isMeantFor(url, values)) {
    return refuse('The secret that sourceSecret names is for another host than that of sourceUrl.');
  }
  const filled = filledUrl(url, values);
  return filled === undefined
    ? refuse('The secret that sourceSecret names lacks a value that sourceUrl has a place for.')
    : { job: { ...job, source: { ...job.source, url: filled } } };
}
