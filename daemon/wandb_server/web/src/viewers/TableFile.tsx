/** A `*.table.json` file by its address. */

import { useMemo, type ReactElement } from "react";
import { useJsonFile } from "../api/media";
import type { MediaSource } from "../model/media";
import { readTable } from "../model/table";
import { Skeleton } from "../parts/messages";
import { DataTable } from "./DataTable";

interface TableFileProps {
  readonly url: string;
  /** Where the media of the cells lie, when that is known. */
  readonly source?: MediaSource;
  readonly name?: string;
}

const NOWHERE: MediaSource = { kind: "artifact", root: "" };

export default function TableFile({ url, source = NOWHERE, name = "table" }: TableFileProps): ReactElement {
  const file = useJsonFile(url);
  const table = useMemo(() => {
    try {
      return file.data === undefined ? null : readTable(file.data);
    } catch {
      return null;
    }
  }, [file.data]);
  if (file.isError) return <p className="media-failed">The table could not be loaded: {file.error.message}.</p>;
  if (file.isPending) return <Skeleton rows={6} />;
  return table ? <DataTable table={table} sourceOf={() => source} name={name} /> : <p className="media-failed">The file is not a table.</p>;
}
