import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { clock } from '../base/format.ts';

/** Of the drawing, which is stretched to its place. */
const WIDTH = 240;
const HEIGHT = 56;

interface ChartProps {
  readonly title: string;
  /** What the number says now. */
  readonly now: string;
  readonly points: readonly { readonly at: number; readonly value: number | null }[];
  readonly format: (value: number) => string;
  /** How many points the width stands for; the newest is at the right. */
  readonly slots?: number;
  readonly tone?: 'usual' | 'deny' | 'error';
}

/** A number, and how it came to be over the last two minutes. */
export function Chart({ title, now, points, format, slots = 120, tone = 'usual' }: ChartProps): JSX.Element {
  const [picked, pick] = useState<number>();
  const values = points.map(({ value }) => value ?? 0);
  const most = Math.max(...values, 0);
  const scale = most === 0 ? 1 : most;
  const x = (index: number): number => WIDTH - ((points.length - 1 - index) * WIDTH) / (slots - 1);
  const y = (value: number): number => HEIGHT - 1 - (value / scale) * (HEIGHT - 4);
  const line = values.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
  const area = points.length < 2 ? '' : `${x(0).toFixed(1)},${HEIGHT} ${line} ${WIDTH},${HEIGHT}`;
  const shown = picked === undefined ? undefined : points[picked];
  const onMove = (event: PointerEvent & { readonly currentTarget: Element }): void => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    const index = Math.round(points.length - 1 - (1 - (event.clientX - left) / width) * (slots - 1));
    pick(index >= 0 && index < points.length ? index : undefined);
  };
  return (
    <section class={`tile tone-${tone}`}>
      <h2>{title}</h2>
      <p class="number">{shown === undefined ? now : format(shown.value ?? 0)}</p>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${title} over the last two minutes: now ${now}, at most ${format(most)}`}
        onPointerMove={onMove}
        onPointerLeave={() => pick(undefined)}
      >
        <polygon class="area" points={area} />
        <polyline class="line" points={line} />
        {picked !== undefined && <line class="cursor" x1={x(picked)} x2={x(picked)} y1="0" y2={HEIGHT} />}
      </svg>
      <p class="axis">
        <span>{shown === undefined ? '2 min ago' : clock(shown.at)}</span>
        <span>most {format(most)}</span>
      </p>
    </section>
  );
}
