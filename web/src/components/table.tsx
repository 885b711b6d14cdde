// SPDX-License-Identifier: Apache-2.0
// components/table.tsx - a table that turns into cards on a narrow screen. The roles are spelled out since browsers drop a table's
// own ones when its display changes.
import type { ComponentChildren } from 'preact';

export interface Column<T> {
  title: string;
  cell: (item: T) => ComponentChildren;
  number?: boolean;
}

interface Props<T> {
  caption: string;
  columns: Array<Column<T>>;
  items: T[];
  keyOf: (item: T) => string;
  /** What is shown below an item, over the whole width; null: nothing. */
  detail?: (item: T) => ComponentChildren;
  empty: ComponentChildren;
}

function Row<T>({ columns, item }: { columns: Array<Column<T>>; item: T }) {
  return (
    <tr role="row">
      {columns.map((column) => (
        <td role="cell" key={column.title} data-label={column.title} class={column.number ? 'number' : undefined}>
          <span>{column.cell(item)}</span>
        </td>
      ))}
    </tr>
  );
}

export function Table<T>({ caption, columns, items, keyOf, detail, empty }: Props<T>) {
  if (items.length === 0) return <p class="empty">{empty}</p>;
  return (
    <table role="table">
      <caption class="unseen">{caption}</caption>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map((column) => (
            <th role="columnheader" scope="col" key={column.title} class={column.number ? 'number' : undefined}>
              {column.title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {items.map((item) => {
          const below = detail?.(item);
          return [
            <Row key={keyOf(item)} columns={columns} item={item} />,
            below && (
              <tr role="row" key={keyOf(item) + ' detail'} class="detail">
                <td role="cell" colSpan={columns.length}>{below}</td>
              </tr>
            ),
          ];
        })}
      </tbody>
    </table>
  );
}
