/** One plot on a canvas. uPlot styles its elements through the CSSOM alone, so the page's policy lets it. */

import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Mark } from './series';
import { clock, shortDay } from './times';

export interface Sketch {
  marks: Mark[];
  /** A value beside the axis. */
  tick: (value: number) => string;
  /** What two of them may be apart. */
  increments: number[];
  /** The point under the pointer, null when there is none. */
  onpoint: (index: number | null) => void;
}

/** Beginnings of the steps, and the values of each line. */
export interface Drawn {
  times: number[];
  step: number;
  values: (number | null)[][];
}

const HEIGHT = 190; // px, axes included
const A_DAY = 86_400;
/** Plots of the page follow one pointer. */
const TOGETHER = 'admin';

const TOKENS = ['--accent', '--accent-soft', '--warn', '--bad', '--muted', '--line'] as const;
type Palette = Record<(typeof TOKENS)[number], string>;

const DASHES: Partial<Record<Mark, number[]>> = { dashed: [8, 4], dotted: [2, 4] };
const STROKES: Record<Mark, keyof Palette> = {
  solid: '--accent',
  dashed: '--warn',
  dotted: '--bad',
  bar: '--accent',
  narrow: '--bad',
};

export class Plotted {
  readonly #host: HTMLElement;
  readonly #sketch: Sketch;
  #drawn: Drawn;
  #palette: Palette;
  #plot: uPlot;

  constructor(host: HTMLElement, sketch: Sketch, drawn: Drawn) {
    this.#host = host;
    this.#sketch = sketch;
    this.#drawn = drawn;
    this.#palette = palette(host);
    this.#plot = this.#made();
  }

  show(drawn: Drawn): void {
    this.#drawn = drawn;
    this.#plot.setData(this.#data());
  }

  fit(): void {
    this.#plot.setSize({ width: this.#host.clientWidth, height: HEIGHT });
  }

  /** The theme has changed: made anew, since uPlot keeps some of its colours. */
  recolour(): void {
    this.#plot.destroy();
    this.#palette = palette(this.#host);
    this.#plot = this.#made();
  }

  drop(): void {
    this.#plot.destroy();
  }

  #made(): uPlot {
    return new uPlot(this.#options(), this.#data(), this.#host);
  }

  #options(): uPlot.Options {
    const { marks, tick, increments, onpoint } = this.#sketch;
    return {
      width: this.#host.clientWidth,
      height: HEIGHT,
      padding: [10, 20, 0, 0],
      legend: { show: false },
      cursor: {
        drag: { x: false, y: false },
        sync: { key: TOGETHER },
        y: false,
        points: { size: 7, fill: (_, line) => this.#stroke(marks[line - 1] ?? 'solid') },
      },
      hooks: { setCursor: [({ cursor }) => onpoint(cursor.idx ?? null)] },
      scales: {
        x: { range: (_, min, max) => [min - this.#drawn.step / 2, max + this.#drawn.step / 2] },
        y: { range: (_, __, max) => [0, max > 0 ? max * 1.08 : 1] },
      },
      axes: [
        { ...this.#axis(), size: 28, space: 64, values: (_, ticks, __, ___, apart) => ticks.map(dated(apart)) },
        { ...this.#axis(), size: width, space: 34, incrs: increments, values: (_, ticks) => ticks.map(tick) },
      ],
      series: [{}, ...marks.map((mark) => this.#line(mark))],
    };
  }

  /** A step is drawn at its middle, so that it stands between its two moments on the axis; a bar of nothing is not. */
  #data(): uPlot.AlignedData {
    const { times, step, values } = this.#drawn;
    const bars = this.#sketch.marks.map(isBar);
    const lines = values.map((line, index) => (bars[index] ? line.map((value) => value || null) : line));
    return [times.map((time) => time + step / 2), ...lines];
  }

  #axis(): uPlot.Axis {
    const line = this.#palette['--line'];
    return {
      stroke: this.#palette['--muted'],
      font: `12px ${getComputedStyle(this.#host).fontFamily}`,
      gap: 4,
      grid: { stroke: line, width: 1 },
      ticks: { stroke: line, width: 1, size: 4 },
    };
  }

  #line(mark: Mark): uPlot.Series {
    const stroke = this.#stroke(mark);
    if (isBar(mark)) {
      const paths = uPlot.paths.bars?.(mark === 'bar' ? { size: [0.86, 40] } : { size: [0.4, 14] });
      const fill = mark === 'bar' ? this.#palette['--accent-soft'] : stroke;
      return { stroke, fill, width: mark === 'bar' ? 1 : 0, points: { show: false }, ...(paths && { paths }) };
    }
    const dash = DASHES[mark];
    // Steps without an answer have no such time: the line goes over them, its points tell where it was measured.
    return { stroke, width: 2, spanGaps: true, points: { size: 5, fill: stroke }, ...(dash && { dash }) };
  }

  #stroke(mark: Mark): string {
    return this.#palette[STROKES[mark]];
  }
}

function isBar(mark: Mark): boolean {
  return mark === 'bar' || mark === 'narrow';
}

/**
 * Colours as they are now: the custom properties themselves hold both themes'. Each is asked of a new element, since
 * one that is there already may be on its way from one colour to another.
 */
function palette(host: HTMLElement): Palette {
  const entries = TOKENS.map((token) => {
    const probe = host.appendChild(document.createElement('span'));
    probe.style.color = `var(${token})`;
    const { color } = getComputedStyle(probe);
    probe.remove();
    return [token, color] as const;
  });
  return Object.fromEntries(entries) as Palette;
}

/** «10:15», and the day where it begins. */
function dated(apart: number): (time: number) => string {
  return (time) => (apart >= A_DAY || clock(time) === '00:00' ? shortDay(time) : clock(time));
}

/** Of the left axis: as wide as its widest value. */
function width(plot: uPlot, values: string[] | null): number {
  const widest = Math.max(0, ...(values ?? []).map((value) => plot.ctx.measureText(value).width));
  return Math.ceil(widest / devicePixelRatio) + 14;
}
