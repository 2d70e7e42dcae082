import type { Runtime } from '../../infra/local/runtime.ts';

/**
 * A role that lacks a right is a defect of the wiring, however well the product went on without it.
 * @throws Error with each request that was denied
 */
export function refuseDenials(runtime: Pick<Runtime, 'denials'>): void {
  const denials = [...new Set(runtime.denials())];
  if (denials.length > 0) throw new Error(`requests were denied:\n${denials.join('\n')}`);
}
