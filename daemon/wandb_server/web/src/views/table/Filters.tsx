/** The filters of the table: column, comparison, value; a line for each. */

import { useId, useState, type ReactElement } from "react";
import type { RunColumn } from "../../api/run_table_queries";
import { OPERATORS, OWN_COLUMNS, type Filter, type FilterOperator } from "../../model/run_table";
import { Icon } from "../../parts/icons";

interface FiltersProps {
  readonly filters: readonly Filter[];
  readonly columns: readonly RunColumn[];
  readonly onChange: (filters: readonly Filter[]) => void;
}

export function Filters({ filters, columns, onChange }: FiltersProps): ReactElement {
  const names = useId();
  const replace = (index: number, filter: Filter | null): void =>
    onChange(filters.flatMap((one, at) => (at !== index ? [one] : filter ? [filter] : [])));
  return (
    <div className="filters" aria-label="Filters">
      <datalist id={names}>
        {Object.keys(OWN_COLUMNS).map((name) => <option key={name} value={name} />)}
        {columns.map(({ section, key }) => <option key={`${section}.${key}`} value={`${section}.${key}`} />)}
      </datalist>
      {filters.map((filter, index) => (
        <FilterLine key={index} filter={filter} names={names} onChange={(changed) => replace(index, changed)} />
      ))}
      <button
        className="button quiet small"
        onClick={() => onChange([...filters, { column: columns[0] ? `${columns[0].section}.${columns[0].key}` : "state", operator: "=", value: "" }])}
      >
        <Icon name="plus" size={12} /> Filter
      </button>
    </div>
  );
}

function FilterLine({ filter, names, onChange }: { filter: Filter; names: string; onChange: (filter: Filter | null) => void }): ReactElement {
  const valued = filter.operator !== "set" && filter.operator !== "unset";
  return (
    <span className="filter">
      <Committed value={filter.column} label="Column" list={names} onCommit={(column) => onChange({ ...filter, column })} />
      <select aria-label="Comparison" value={filter.operator} onChange={(event) => onChange({ ...filter, operator: event.target.value as FilterOperator })}>
        {OPERATORS.map(([operator, title]) => (
          <option key={operator} value={operator}>{title}</option>
        ))}
      </select>
      {valued && <Committed value={filter.value} label="Value" onCommit={(value) => onChange({ ...filter, value })} />}
      <button className="button quiet square small" aria-label="Remove the filter" onClick={() => onChange(null)}>
        <Icon name="close" size={12} />
      </button>
    </span>
  );
}

/** A field that counts when it is left or Enter is pressed: half a value matches other runs. */
function Committed(props: { value: string; label: string; list?: string; onCommit: (value: string) => void }): ReactElement {
  const { value, label, list, onCommit } = props;
  const [text, setText] = useState(value);
  const [seen, setSeen] = useState(value);
  if (seen !== value) {
    setSeen(value);
    setText(value);
  }
  const commit = (): void => {
    if (text !== value) onCommit(text);
  };
  return (
    <input
      className="field-input"
      type="text"
      value={text}
      list={list}
      aria-label={label}
      placeholder={label.toLowerCase()}
      spellCheck={false}
      autoComplete="off"
      onChange={(event) => setText(event.target.value)}
      onBlur={commit}
      onKeyDown={(event) => event.key === "Enter" && commit()}
    />
  );
}
