import type { Recording } from '../../typescript/client.ts';
import { bitrate, stretch } from '../format.ts';
import { progressOf, progressTable } from '../progressModel.ts';
import type { Stretch } from '../timelineModel.ts';
import { Graph } from './graph.tsx';

/** How a recording goes and went: what it sends, what of it is not saved yet, and what is missing. */
export function ProgressGraph(props: {
  readonly recording: Recording;
  readonly stretches: readonly Stretch[];
}) {
  const { recordingId, parts } = props.recording;
  const samples = progressOf(recordingId);
  const ended = parts.filter(({ durationMs }) => durationMs !== undefined);
  // What has one value alone has it in numbers elsewhere.
  if (samples.length < 2 && ended.length < 2) return null;
  const { atMs, bitrateBps, partBitrateBps, unsavedMs } = progressTable(samples, ended);
  const lines = [
    { label: 'bitrate', unit: 'bit/s', values: bitrateBps, say: bitrate },
    { label: 'mean of a part', unit: 'bit/s', values: partBitrateBps, say: bitrate },
    { label: 'unsaved', unit: 'ms', values: unsavedMs, say: stretch },
  ];
  return (
    <Graph
      title="How it goes"
      atMs={atMs}
      lines={lines}
      missing={props.stretches.filter(({ kind }) => kind === 'missing')}
    />
  );
}
