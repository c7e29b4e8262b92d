/** A column of a table. */
export interface Column<Row> {
  readonly title: string;
  /** Printable characters that each take one place. */
  readonly text: (row: Row) => string;
  /** The most places; the rest is cut. */
  readonly most: number;
  readonly isNumber?: true;
  /** Left out where there is no room: those with the largest number first. 0: never. */
  readonly rank: number;
}

const GAP = 2;

/** A table as lines that are at most `width` places long, its titles first. The last column that is a text gets what is left. */
export function tableLines<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width: number): string[] {
  const measured = columns.map((column) => {
    const texts = rows.map((row) => column.text(row));
    const longest = Math.max(column.title.length, ...texts.map(({ length }) => length));
    return { column, texts, width: Math.min(longest, column.most) };
  });
  const shown = fitting(measured, width);
  const lineOf = (cell: (part: (typeof shown)[number]) => string): string =>
    shown
      .map((part) => {
        const text = cut(cell(part), part.width);
        return part.column.isNumber === true ? text.padStart(part.width) : text.padEnd(part.width);
      })
      .join(' '.repeat(GAP))
      .slice(0, width)
      .trimEnd();
  return [lineOf(({ column }) => column.title), ...rows.map((_, index) => lineOf(({ texts }) => texts[index] ?? ''))];
}

interface Measured {
  readonly width: number;
  readonly column: { readonly rank: number };
}

/** Leaves out columns until the others fit. */
function fitting<Part extends Measured>(parts: readonly Part[], width: number): readonly Part[] {
  const needed = parts.reduce((sum, part) => sum + part.width + GAP, -GAP);
  const last = Math.max(...parts.map(({ column }) => column.rank));
  if (needed <= width || last === 0) return parts;
  return fitting(
    parts.filter(({ column }) => column.rank !== last),
    width,
  );
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(width - 1, 0))}~`;
}
