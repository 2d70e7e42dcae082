import { httpHandler } from '../aws/http.ts';
import { RecorderError } from '../core/api/errors.ts';
import { methodsOf } from '../core/api/routes.ts';

/** What no route matches: an unknown path, or a known one with the wrong method. */
export const handler = httpHandler(
  async ({ rawPath, method }) => {
    const methods = methodsOf(rawPath);
    // A browser asks before a page of another origin may; API Gateway adds who may.
    if (method === 'OPTIONS' && methods.length > 0) {
      return { status: 204, headers: { allow: methods.join(', ') } };
    }
    if (methods.length > 0) {
      throw new RecorderError(
        'method_not_allowed',
        `${method} is not allowed here, ${methods.join(' or ')} is.`,
        {
          field: 'method',
        },
      );
    }
    throw new RecorderError('route_not_found', 'There is no such route.', { field: 'path' });
  },
  { body: 'none' },
);
