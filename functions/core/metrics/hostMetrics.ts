import { embeddedMetrics } from './embeddedMetrics.ts';

/** Percent of its room that a host uses: what the number of hosts follows. */
export const HOST_LOAD_METRIC = 'host.loadPercent';

/** How a host is, as metrics of all hosts together. */
export function hostMetrics(
  timestampMs: number,
  { loadPercent, recordings }: { readonly loadPercent: number; readonly recordings: number },
): Record<string, unknown> {
  return embeddedMetrics('host', timestampMs, {
    [HOST_LOAD_METRIC]: { value: loadPercent, unit: 'Percent' },
    'host.recordings': { value: recordings, unit: 'Count' },
  });
}
