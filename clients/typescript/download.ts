import { ApiError } from './client.ts';

/** What a link of the API leads to. @throws ApiError download_failed */
export async function download(url: string): Promise<Response> {
  const answer = await fetch(url).catch((cause: unknown) => {
    throw new ApiError('The download is not answered.', { status: 0, code: 'download_failed', cause });
  });
  if (answer.ok) return answer;
  throw new ApiError(`The download was answered with ${answer.status}.`, {
    status: answer.status,
    code: 'download_failed',
  });
}
