/** One bar of a chart. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  /** Smallest and largest value, drawn as a whisker. */
  readonly min: number;
  readonly max: number;
  /** Ours are drawn in colour. */
  readonly ours: boolean;
}

/** One line of a chart: points from left to right. */
export interface Line {
  readonly label: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

const WIDTH = 720;
const ROW = 26;
const LEFT = 180;
const RIGHT = 90;
const TOP = 44;
const COLOURS = ['#c2410c', '#0f766e', '#7c3aed', '#525252'];
const GREY = '#9ca3af';
const FONT = 'font-family="system-ui, sans-serif" font-size="13"';

/** Text as it may stand in XML. */
export function escapeXml(content: string): string {
  const names: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return content.replaceAll(/[&<>"]/g, (character) => names[character] ?? character);
}

/** A chart with a horizontal bar for each of `bars`, shortest first. */
export function barChart(title: string, unit: string, bars: readonly Bar[], digits: number): string {
  const sorted = bars.toSorted((a, b) => a.value - b.value);
  const largest = Math.max(0, ...sorted.map((bar) => bar.max)) || 1;
  const scale = (value: number): number => (Math.max(0, value) / largest) * (WIDTH - LEFT - RIGHT);
  const rows = sorted.map((bar, index) => {
    const y = TOP + index * ROW;
    const middle = y + ROW / 2 - 2;
    const end = LEFT + scale(bar.max);
    return [
      text(LEFT - 8, middle + 4, bar.label, 'end', bar.ours),
      `<rect x="${LEFT}" y="${y}" width="${round(scale(bar.value))}" height="${ROW - 8}" fill="${bar.ours ? COLOURS[0] : GREY}"/>`,
      `<path d="M${round(LEFT + scale(bar.min))} ${middle}H${round(end)}" stroke="#111827" stroke-width="1.5"/>`,
      text(end + 6, middle + 4, bar.value.toFixed(digits), 'start', bar.ours),
    ].join('');
  });
  return document(title, unit, TOP + sorted.length * ROW + 8, rows);
}

/** A chart of lines over a logarithmic x axis that is marked at every x of the first line; y begins at 0. */
export function lineChart(title: string, unit: string, lines: readonly Line[]): string {
  const height = 320;
  const bottom = height - 40;
  const all = lines.flatMap(({ points }) => points);
  const xs = lines[0]?.points.map(({ x }) => x) ?? [];
  const least = Math.min(...xs);
  const most = Math.max(...xs);
  const largest = Math.max(0, ...all.map(({ y }) => y)) * 1.15 || 1;
  const span = Math.log(most / least) || 1;
  const x = (value: number): number => round(70 + (Math.log(value / least) / span) * (WIDTH - 260));
  const y = (value: number): number => round(bottom - (value / largest) * (bottom - TOP));
  const marks = xs.map((value) => text(x(value), bottom + 20, String(value), 'middle', false));
  const steps = [0, 0.5, 1].map((part) => largest * part);
  const grid = steps.map(
    (value) =>
      `<path d="M70 ${y(value)}H${WIDTH - 190}" stroke="#e5e7eb"/>${text(62, y(value) + 4, value.toFixed(1), 'end', false)}`,
  );
  const drawn = lines.map(({ label, points }, index) => {
    const colour = COLOURS[index % COLOURS.length] ?? GREY;
    const path = points.map((point) => `${x(point.x)} ${y(point.y)}`).join('L');
    const dots = points
      .map((point) => `<circle cx="${x(point.x)}" cy="${y(point.y)}" r="3.5" fill="${colour}"/>`)
      .join('');
    const key = TOP + 10 + index * 20;
    const legend = `<rect x="${WIDTH - 170}" y="${key - 9}" width="12" height="12" fill="${colour}"/>${text(WIDTH - 152, key + 2, label, 'start', false)}`;
    return `<path d="M${path}" fill="none" stroke="${colour}" stroke-width="2"/>${dots}${legend}`;
  });
  return document(title, unit, height, [...grid, ...marks, ...drawn]);
}

function document(title: string, unit: string, height: number, parts: readonly string[]): string {
  const heading = `<text x="12" y="22" ${FONT} font-weight="600" fill="#111827">${escapeXml(title)} <tspan font-weight="400" fill="#4b5563">${escapeXml(unit)}</tspan></text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    heading,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function text(x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end', bold: boolean): string {
  const weight = bold ? ' font-weight="600"' : '';
  return `<text x="${round(x)}" y="${round(y)}" ${FONT}${weight} fill="#111827" text-anchor="${anchor}">${escapeXml(content)}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
