import type { ComponentChildren, JSX } from 'preact';

/** A column: its heading, and what a row has there. */
export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** Numbers stand at the right, so that their digits are below each other. */
  readonly numeric?: boolean;
  /** The column that says what the row is about. */
  readonly heading?: boolean;
  /** Wide text that may break anywhere, as addresses do. */
  readonly long?: boolean;
}

interface TableProps<Row> {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
  /** What stands there when there are no rows. */
  readonly none: string;
}

/**
 * A table that becomes a list of cards where there is little room. The roles are written, because a browser drops those of elements
 * that are not displayed as a table.
 */
export function Table<Row>({ caption, columns, rows, rowKey, none }: TableProps<Row>): JSX.Element {
  if (rows.length === 0) return <p class="none">{none}</p>;
  return (
    <table role="table" aria-label={caption}>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map(({ title, numeric }) => (
            <th key={title} role="columnheader" scope="col" class={numeric ? 'numeric' : undefined}>
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => (
          <tr key={rowKey(row)} role="row">
            {columns.map((column) => (
              <Cell key={column.title} column={column} row={row} />
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Cell<Row>({ column, row }: { column: Column<Row>; row: Row }): JSX.Element {
  const { title, cell, numeric, heading, long } = column;
  const names = [numeric && 'numeric', long && 'long'].filter(Boolean).join(' ');
  const shared = { class: names === '' ? undefined : names, 'data-title': title };
  if (heading) {
    return (
      <th role="rowheader" scope="row" {...shared}>
        <div>{cell(row)}</div>
      </th>
    );
  }
  return (
    <td role="cell" {...shared}>
      <div>{cell(row)}</div>
    </td>
  );
}
