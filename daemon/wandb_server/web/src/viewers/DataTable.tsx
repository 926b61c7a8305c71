/** A table of any length: sorted by a click, searched by words or an expression, media in its cells, saved as CSV. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState, type ReactElement, type ReactNode } from "react";
import { isObject, type Json } from "../model/json";
import { kindOf, mediaItems, type MediaSource } from "../model/media";
import { exact, grouped, short } from "../model/numbers";
import { parseSearch } from "../model/search";
import { cellText, filterRows, sortRows, toCsv, type Column, type Sort, type TableData } from "../model/table";
import { Dialog } from "../parts/Dialog";
import { saveBlob } from "../parts/download";
import { Icon } from "../parts/icons";
import { SearchBox } from "../parts/SearchBox";
import { MediaView } from "./MediaView";

interface DataTableProps {
  readonly table: TableData;
  /** Where the media of a row lie. */
  readonly sourceOf: (row: number) => MediaSource;
  /** What a saved file is called, without its ending. */
  readonly name: string;
  /** Before the first cell of a row: whose it is. */
  readonly mark?: (row: number) => ReactNode;
  readonly children?: ReactNode;
}

const ROW_HEIGHT = { text: 28, media: 92 } as const;
const WIDTHS = { number: 104, boolean: 76, timestamp: 176, media: 132 } as const;
const TEXT_WIDTH = { min: 72, max: 320, character: 7.2 } as const;
const MARK_WIDTH = 24;
const SAMPLE_ROWS = 100;

export function DataTable({ table, sourceOf, name, mark, children }: DataTableProps): ReactElement {
  const [sort, setSort] = useState<Sort | null>(null);
  const [text, setText] = useState("");
  const [column, setColumn] = useState<number | null>(null);
  const [opened, setOpened] = useState<number | null>(null);
  const search = useMemo(() => parseSearch(text), [text]);
  const found = useMemo(() => filterRows(table, (cell) => search.matches(cell), column), [table, search, column]);
  const listed = useMemo(() => sortRows(table, found, sort), [table, found, sort]);
  const marked = mark !== undefined;
  const widths = useMemo(
    () => table.columns.map((one, index) => widthOf(table, one, index) + (marked && index === 0 ? MARK_WIDTH : 0)),
    [table, marked],
  );
  const height = table.columns.some((one) => isMedia(one)) ? ROW_HEIGHT.media : ROW_HEIGHT.text;
  const scroller = useRef<HTMLDivElement>(null);
  // eslint-disable-next-line react-hooks/incompatible-library -- the virtualizer is read anew in every render here
  const virtual = useVirtualizer({ count: listed.length, getScrollElement: () => scroller.current, estimateSize: () => height, overscan: 6 });
  const template = { gridTemplateColumns: `${widths.map((width) => `${width}px`).join(" ")} minmax(0, 1fr)`, minWidth: widths.reduce((sum, width) => sum + width, 0) };

  return (
    <div className="data-table">
      <div className="data-tools">
        <SearchBox value={text} label="Search rows" problem={search.problem} onChange={setText} />
        <select aria-label="Search in" value={column ?? ""} onChange={(event) => setColumn(event.target.value === "" ? null : Number(event.target.value))}>
          <option value="">any column</option>
          {table.columns.map((one, index) => (
            <option key={index} value={index}>{one.name}</option>
          ))}
        </select>
        <span className="faint number" aria-live="polite">
          {listed.length === table.rows.length ? (listed.length === 1 ? "1 row" : `${grouped(listed.length)} rows`) : `${grouped(listed.length)} of ${grouped(table.rows.length)} rows`}
        </span>
        <span className="data-space">{children}</span>
        <button className="button quiet small" onClick={() => saveBlob(new Blob([toCsv(table, listed)], { type: "text/csv;charset=utf-8" }), fileName(name))}>
          <Icon name="down" size={13} /> CSV
        </button>
      </div>
      <div className="data-scroll" ref={scroller} role="table" aria-rowcount={listed.length + 1} aria-label={name} tabIndex={0}>
        <div className="data-head" role="row" style={template}>
          {table.columns.map((one, index) => (
            <HeadCell key={index} column={one} sort={sort?.column === index ? sort : null} onSort={() => setSort(nextSort(sort, index))} />
          ))}
        </div>
        <div style={{ height: virtual.getTotalSize(), position: "relative", minWidth: template.minWidth }} role="rowgroup">
          {virtual.getVirtualItems().map((item) => {
            const row = listed[item.index];
            if (row === undefined) return null;
            return (
              <div
                key={row}
                className="data-row"
                role="row"
                aria-rowindex={item.index + 2}
                style={{ ...template, height, transform: `translateY(${item.start}px)` }}
                onDoubleClick={() => setOpened(row)}
              >
                {table.columns.map((one, index) => (
                  <div key={index} role="cell" className={one.type === "number" ? "data-cell number" : "data-cell"}>
                    {index === 0 && (
                      <button className="data-open" aria-label={`Open row ${item.index + 1}`} title="Open the row" onClick={() => setOpened(row)}>
                        <Icon name="expand" size={11} />
                      </button>
                    )}
                    {index === 0 && mark?.(row)}
                    <Cell cell={table.rows[row]?.[index]} column={one} source={sourceOf(row)} />
                  </div>
                ))}
              </div>
            );
          })}
        </div>
        {listed.length === 0 && <p className="data-none">{table.rows.length === 0 ? "The table has no rows." : "No row matches."}</p>}
      </div>
      {opened !== null && (
        <RowDialog table={table} row={opened} source={sourceOf(opened)} onClose={() => setOpened(null)} />
      )}
    </div>
  );
}

function HeadCell({ column, sort, onSort }: { column: Column; sort: Sort | null; onSort: () => void }): ReactElement {
  return (
    <div role="columnheader" className={column.type === "number" ? "number" : ""} aria-sort={sort ? (sort.descending ? "descending" : "ascending") : "none"}>
      <button onClick={onSort} title={`${column.name}: ${column.type}`}>
        {column.name} {sort && <span aria-hidden="true">{sort.descending ? "↓" : "↑"}</span>}
      </button>
    </div>
  );
}

function Cell({ cell, column, source }: { cell: Json | undefined; column: Column; source: MediaSource }): ReactElement {
  const items = typeof cell === "object" && cell !== null ? mediaItems(cell) : [];
  if (items.length > 0 && items.every((item) => item.path !== "")) {
    return (
      <div className="data-media">
        {items.map((item, index) => (
          <MediaView key={index} item={{ ...item, caption: null }} source={source} />
        ))}
      </div>
    );
  }
  if (typeof cell === "number" && column.type !== "timestamp") return <span title={exact(cell)}>{short(cell)}</span>;
  if (cell == null) return <span className="faint">–</span>;
  const text = cellText(cell, column.type);
  return <span title={text}>{text}</span>;
}

/** One row, all of it: long texts whole, media large. */
function RowDialog({ table, row, source, onClose }: { table: TableData; row: number; source: MediaSource; onClose: () => void }): ReactElement {
  const cells = table.rows[row] ?? [];
  return (
    <Dialog title={`Row ${row}`} label={`Row ${row}`} onClose={onClose}>
      <dl className="row-detail">
        {table.columns.map((column, index) => {
          const cell = cells[index];
          const items = typeof cell === "object" && cell !== null ? mediaItems(cell).filter((item) => item.path !== "") : [];
          return (
            <div key={index}>
              <dt title={column.type}>{column.name}</dt>
              <dd>
                {items.length > 0 ? items.map((item, at) => <MediaView key={at} item={item} source={source} large />) : <DetailText cell={cell} column={column} />}
              </dd>
            </div>
          );
        })}
      </dl>
    </Dialog>
  );
}

function DetailText({ cell, column }: { cell: Json | undefined; column: Column }): ReactElement {
  if (cell == null) return <span className="faint">–</span>;
  return isObject(cell) || Array.isArray(cell) ? <pre>{JSON.stringify(cell, null, 2)}</pre> : <>{cellText(cell, column.type)}</>;
}

function fileName(name: string): string {
  return `${name.replace(/[/\\:]/g, "_")}.csv`;
}

function nextSort(sort: Sort | null, column: number): Sort | null {
  if (sort?.column !== column) return { column, descending: false };
  return sort.descending ? null : { column, descending: true };
}

function isMedia(column: Column): boolean {
  return !["table", "other", "histogram"].includes(kindOf(column.type));
}

function widthOf(table: TableData, column: Column, index: number): number {
  const named = column.name.length * TEXT_WIDTH.character + 36;
  if (column.type === "number" || column.type === "boolean" || column.type === "timestamp") return Math.max(WIDTHS[column.type], Math.min(TEXT_WIDTH.max, named));
  if (isMedia(column)) return WIDTHS.media;
  const longest = Math.max(0, ...table.rows.slice(0, SAMPLE_ROWS).map((row) => cellText(row[index], column.type).length));
  return Math.round(Math.max(TEXT_WIDTH.min, named, Math.min(TEXT_WIDTH.max, longest * TEXT_WIDTH.character + 24)));
}
