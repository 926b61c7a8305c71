/** A page that somebody logged, in a frame that cannot reach this one, nor the network unless the reader allows it. */

import { useState, type ReactElement } from "react";

export function HtmlView({ address, name }: { address: string; name: string }): ReactElement {
  const [network, setNetwork] = useState(false);
  // The server answers `view=frame` with a policy of its own: no cookies, no requests, no way to this page.
  const framed = `${address}${address.includes("?") ? "&" : "?"}view=frame${network ? "&network=1" : ""}`;
  return (
    <div className="html-view">
      <iframe sandbox="allow-scripts" src={framed} title={name} loading="lazy" referrerPolicy="no-referrer" />
      {!network && (
        <button
          className="button small"
          title="Let this page load scripts, styles and pictures over https. Whoever serves them learns that you read it."
          onClick={() => setNetwork(true)}
        >
          Allow network
        </button>
      )}
    </div>
  );
}
