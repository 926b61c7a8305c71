/** What a run called attention to, the newest first. */

import { useState, type ReactElement } from "react";
import type { Alert } from "../../api/run_changes";
import { grouped, moment, since } from "../../model/numbers";
import { Icon } from "../../parts/icons";
import { useNow } from "../../parts/now";

const SHOWN = 5;
const WORDS: Record<Alert["severity"], string> = { INFO: "info", WARN: "warning", ERROR: "error" };

/** `alerts` has the oldest first, as they came. */
export function AlertList({ alerts }: { alerts: readonly Alert[] }): ReactElement {
  const now = useNow();
  const [all, setAll] = useState(false);
  const newest = [...alerts].reverse();
  return (
    <section className="card alerts" aria-label="Alerts">
      <header className="card-head">
        <h3>
          Alerts <span className="count">{grouped(alerts.length)}</span>
        </h3>
      </header>
      <ul>
        {newest.slice(0, all ? undefined : SHOWN).map((alert) => (
          <li key={alert.id} className={`alert alert-${alert.severity}`}>
            <Icon name="alert" size={14} />
            <div>
              <b>{alert.title}</b> <span className="faint">{WORDS[alert.severity]} · <time dateTime={alert.createdAt} title={moment(Date.parse(alert.createdAt))}>{since(Date.parse(alert.createdAt), now)}</time></span>
              {alert.text && <p>{alert.text}</p>}
            </div>
          </li>
        ))}
      </ul>
      {!all && newest.length > SHOWN && (
        <button className="button quiet small" onClick={() => setAll(true)}>{grouped(newest.length - SHOWN)} more</button>
      )}
    </section>
  );
}
