import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { stretch as lasting } from '../format.ts';
import { rangeText, type Value } from '../progressModel.ts';

/** One line of a graph; lines of one unit share their scale. */
export interface Line {
  readonly label: string;
  readonly unit: string;
  readonly values: readonly Value[];
  /** With its unit. */
  readonly say: (value: number) => string;
}

export interface GraphProps {
  /** What it is of. */
  readonly title: string;
  /** Epoch milliseconds, in order; each line has a value, or none, for each. */
  readonly atMs: readonly number[];
  readonly lines: readonly Line[];
  /** Stretches that are marked: of what is missing. */
  readonly missing?: readonly { readonly startMs: number; readonly endMs: number }[];
}

const GRAPH_HEIGHT_PX = 200;
const SPARK_HEIGHT_PX = 40;
/** Of two points a line can be drawn. */
const POINTS_MIN = 2;

/** Lines over time, each with its key and its value where the pointer is, else the last one; in words for who does not see it. */
export function Graph({ title, atMs, lines, missing = [] }: GraphProps) {
  const [at, setAt] = useState<number | undefined>(undefined);
  if (atMs.length < POINTS_MIN) return null;
  return (
    <figure class="graph">
      <figcaption class="row">
        <strong>{title}</strong>
        {lines.map(({ label, values, say }, index) => {
          const value = at === undefined ? values.findLast(isNumber) : values[at];
          return (
            <span key={label}>
              <span class={`key line${index}`} /> {label} {isNumber(value) ? say(value) : '–'}
            </span>
          );
        })}
        {missing.length > 0 && (
          <span>
            <span class="key missing" /> not recorded{' '}
            {lasting(missing.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0))}
          </span>
        )}
        {at !== undefined && <span class="muted">{new Date(atMs[at] ?? 0).toLocaleTimeString()}</span>}
      </figcaption>
      <Plot
        label={`${title}: ${wordsOf(lines)}`}
        atMs={atMs}
        lines={lines}
        missing={missing}
        heightPx={GRAPH_HEIGHT_PX}
        onPointer={setAt}
      />
    </figure>
  );
}

/** A small one, of a line alone. */
export function Spark({
  label,
  samples,
  say,
}: {
  readonly label: string;
  readonly samples: readonly { readonly atMs: number; readonly value: number }[];
  readonly say: (value: number) => string;
}) {
  const values = samples.map(({ value }) => value);
  const first = samples[0];
  return (
    <div class="spark">
      {first !== undefined && samples.length >= POINTS_MIN && (
        <Plot
          label={`${label} since ${new Date(first.atMs).toLocaleTimeString()}: ${rangeText(values, say)}`}
          atMs={samples.map(({ atMs }) => atMs)}
          lines={[{ label, unit: label, values, say }]}
          missing={[]}
          heightPx={SPARK_HEIGHT_PX}
        />
      )}
    </div>
  );
}

const isNumber = (value: Value): value is number => typeof value === 'number';

const wordsOf = (lines: readonly Line[]): string =>
  lines.map(({ label, values, say }) => `${label} ${rangeText(values, say) ?? 'not told yet'}`).join('; ');

interface PlotProps {
  readonly label: string;
  readonly atMs: readonly number[];
  readonly lines: readonly Line[];
  readonly missing: NonNullable<GraphProps['missing']>;
  readonly heightPx: number;
  /** Where the pointer is, of the times; it has axes then. */
  readonly onPointer?: (index: number | undefined) => void;
}

/** The canvas. Its colours are those of main.css, in the dark too. */
function Plot(props: PlotProps) {
  const { label, heightPx } = props;
  const place = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  latest.current = props;
  const plot = useRef<uPlot | undefined>(undefined);
  useEffect(() => {
    const { current } = place;
    if (current === null) return;
    const made = new uPlot(optionsOf(current, latest), dataOf(latest.current), current);
    plot.current = made;
    const size = new ResizeObserver(() => made.setSize({ width: current.clientWidth, height: heightPx }));
    size.observe(current);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const again = (): void => made.redraw(false);
    dark.addEventListener('change', again);
    return () => {
      size.disconnect();
      dark.removeEventListener('change', again);
      made.destroy();
      plot.current = undefined;
    };
  }, [heightPx]);
  useEffect(() => plot.current?.setData(dataOf(latest.current)));
  return <div ref={place} class="plot" role="img" aria-label={label} style={{ height: `${heightPx}px` }} />;
}

const dataOf = ({ atMs, lines }: PlotProps): uPlot.AlignedData => [
  [...atMs],
  ...lines.map(({ values }) => [...values]),
];

function optionsOf(host: HTMLElement, latest: { readonly current: PlotProps }): uPlot.Options {
  const { lines, heightPx, onPointer } = latest.current;
  const units = [...new Set(lines.map(({ unit }) => unit))];
  const isSpark = onPointer === undefined;
  return {
    width: Math.max(1, host.clientWidth),
    height: heightPx,
    ms: 1,
    legend: { show: false },
    cursor: isSpark ? { show: false } : { y: false, drag: { x: false, y: false, setScale: false } },
    ...(isSpark ? { padding: [2, 2, 2, 2] } : {}),
    scales: Object.fromEntries(units.map((unit) => [unit, { range: fromZero }])),
    series: [
      {},
      ...lines.map(({ unit }, index) => ({
        scale: unit,
        stroke: () => colourOf(host, `line${index}`),
        width: 1.5,
        points: { show: false },
      })),
    ],
    axes: isSpark ? [{ show: false }, { show: false }] : axesOf(host, units, lines),
    hooks: {
      drawClear: [(plot) => drawMissing(plot, latest.current.missing, colourOf(host, 'missing'))],
      setCursor: [({ cursor }) => latest.current.onPointer?.(cursor.idx ?? undefined)],
    },
  };
}

/** What is measured from nothing on is shown so. */
const fromZero = (_plot: uPlot, _least: number | null, most: number | null): uPlot.Range.MinMax => [
  0,
  1.05 * (most !== null && most > 0 ? most : 1),
];

const AXIS_PX = 80;
const LABEL_PX = 100;
function axesOf(host: HTMLElement, units: readonly string[], lines: readonly Line[]): uPlot.Axis[] {
  const stroke = (): string => getComputedStyle(host).color;
  const ticks = { stroke, width: 0.5 };
  const times: uPlot.Axis = {
    stroke,
    ticks,
    grid: { show: false },
    space: LABEL_PX,
    values: (_plot, splits) => splits.map((ms) => new Date(ms).toLocaleTimeString()),
  };
  const values = units.map((unit, index): uPlot.Axis => {
    const say = lines.find((line) => line.unit === unit)?.say ?? String;
    return {
      scale: unit,
      side: index === 0 ? 3 : 1,
      stroke,
      ticks,
      grid: { show: index === 0, stroke, width: 0.2 },
      size: AXIS_PX,
      values: (_plot, splits) => splits.map(say),
    };
  });
  return [times, ...values];
}

/** Of a line as of its key. */
function colourOf(host: HTMLElement, name: string): string {
  return getComputedStyle(host.closest('.graph')?.querySelector(`.key.${name}`) ?? host).color;
}

function drawMissing(plot: uPlot, missing: PlotProps['missing'], colour: string): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.fillStyle = colour;
  ctx.globalAlpha = 0.35;
  const within = (ms: number): number =>
    Math.min(Math.max(plot.valToPos(ms, 'x', true), bbox.left), bbox.left + bbox.width);
  for (const { startMs, endMs } of missing) {
    const left = within(startMs);
    ctx.fillRect(left, bbox.top, within(endMs) - left, bbox.height);
  }
  ctx.restore();
}
