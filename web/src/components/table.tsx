// SPDX-License-Identifier: Apache-2.0
// components/table.tsx - a table that turns into cards on a narrow screen and keeps only the rows near the screen in the page. The
// roles are spelled out since browsers drop a table's own ones when its display changes.
import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { useWindow } from './window';

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
  empty: ComponentChildren;
}

function Row<T>({ columns, item, index }: { columns: Array<Column<T>>; item: T; index: number }) {
  return (
    <tr role="row" data-row aria-rowindex={index + 2}>
      {columns.map((column) => (
        <td role="cell" key={column.title} data-label={column.title} class={column.number ? 'number' : undefined}>
          <span>{column.cell(item)}</span>
        </td>
      ))}
    </tr>
  );
}

function Head<T>({ columns }: { columns: Array<Column<T>> }) {
  return (
    <thead role="rowgroup">
      <tr role="row">
        {columns.map((column) => (
          <th role="columnheader" scope="col" key={column.title} class={column.number ? 'number' : undefined}>{column.title}</th>
        ))}
      </tr>
    </thead>
  );
}

/** Set by the object model, which the policy against inline styles allows. */
function Gap({ height }: { height: number }) {
  return height > 0 ? <tr role="presentation" class="gap" style={{ height: `${height}px` }} /> : null;
}

export function Table<T>({ caption, columns, items, keyOf, empty }: Props<T>) {
  const body = useRef<HTMLTableSectionElement>(null);
  const part = useWindow(body, items.length);
  if (items.length === 0) return <p class="empty">{empty}</p>;
  return (
    <table role="table" aria-rowcount={items.length + 1}>
      <caption class="unseen">{caption}</caption>
      <Head columns={columns} />
      <tbody role="rowgroup" ref={body}>
        <Gap key="before" height={part.before} />
        {items.slice(part.first, part.end).map((item, i) => (
          <Row key={keyOf(item)} columns={columns} item={item} index={part.first + i} />
        ))}
        <Gap key="after" height={part.after} />
      </tbody>
    </table>
  );
}
