// SPDX-License-Identifier: Apache-2.0
// components/table.tsx - a table that turns into cards on a narrow screen, sorts by its heads, and keeps only the rows near the screen
// in the page. The roles are spelled out since browsers drop a table's own ones when its display changes.
import type { ComponentChildren } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import { useWindow } from './window';

export interface Column<T> {
  title: string;
  cell: (item: T) => ComponentChildren;
  number?: boolean;
  /** What rows are sorted by; without it they can't be by this column. */
  by?: (item: T) => string | number;
}

interface Props<T> {
  caption: string;
  columns: Array<Column<T>>;
  items: T[];
  keyOf: (item: T) => string;
  empty: ComponentChildren;
}

interface Order {
  title: string;
  down: boolean;
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

function HeadCell<T>({ column, order, sort }: { column: Column<T>; order: Order | undefined; sort: () => void }) {
  const sorted = order?.title !== column.title ? 'none' as const : order.down ? 'descending' as const : 'ascending' as const;
  return (
    <th role="columnheader" scope="col" class={column.number ? 'number' : undefined} {...(column.by && { 'aria-sort': sorted })}>
      {column.by ? <button type="button" onClick={sort}>{column.title}</button> : column.title}
    </th>
  );
}

/** Set by the object model, which the policy against inline styles allows. */
function Gap({ height }: { height: number }) {
  return height > 0 ? <tr role="presentation" class="gap" style={{ height: `${height}px` }} /> : null;
}

function ordered<T>(items: T[], columns: Array<Column<T>>, order: Order | undefined): T[] {
  const by = order && columns.find((column) => column.title === order.title)?.by;
  if (!by) return items;
  const keyed = items.map((item) => ({ item, key: by(item) }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0) * (order.down ? -1 : 1));
  return keyed.map(({ item }) => item);
}

export function Table<T>({ caption, columns, items, keyOf, empty }: Props<T>) {
  const body = useRef<HTMLTableSectionElement>(null);
  const [order, setOrder] = useState<Order>();
  const part = useWindow(body, items.length);
  const rows = useMemo(() => ordered(items, columns, order), [items, order]);
  /** Numbers begin with the largest; the third press is back to the list's own order. */
  const sort = ({ title, number = false }: Column<T>) => setOrder((now) => (
    now?.title !== title ? { title, down: number } : now.down === number ? { title, down: !number } : undefined));
  if (items.length === 0) return <p class="empty">{empty}</p>;
  return (
    <table role="table" aria-rowcount={items.length + 1}>
      <caption class="unseen">{caption}</caption>
      <thead role="rowgroup">
        <tr role="row">{columns.map((column) => <HeadCell key={column.title} column={column} order={order} sort={() => sort(column)} />)}</tr>
      </thead>
      <tbody role="rowgroup" ref={body}>
        <Gap key="before" height={part.before} />
        {rows.slice(part.first, part.end).map((item, i) => (
          <Row key={keyOf(item)} columns={columns} item={item} index={part.first + i} />
        ))}
        <Gap key="after" height={part.after} />
      </tbody>
    </table>
  );
}
