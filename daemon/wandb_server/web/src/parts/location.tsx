/** The address bar as state. */

import { useSyncExternalStore, type AnchorHTMLAttributes, type MouseEvent, type ReactElement } from "react";
import { formatRoute, parseRoute, type Route } from "../model/route";

const CHANGED = "page:navigated";

function subscribe(listener: () => void): () => void {
  window.addEventListener("popstate", listener);
  window.addEventListener(CHANGED, listener);
  return () => {
    window.removeEventListener("popstate", listener);
    window.removeEventListener(CHANGED, listener);
  };
}

/** Go to an address of this page. `replace` leaves no trace in the history. */
export function navigate(address: string, replace = false): void {
  if (replace) window.history.replaceState(null, "", address);
  else window.history.pushState(null, "", address);
  window.dispatchEvent(new Event(CHANGED));
}

export function usePath(): string {
  return useSyncExternalStore(subscribe, () => window.location.pathname);
}

export function useQueryText(): string {
  return useSyncExternalStore(subscribe, () => window.location.search);
}

export function useRoute(): Route {
  return parseRoute(usePath());
}

type LinkProps = AnchorHTMLAttributes<HTMLAnchorElement> & { readonly to: Route };

/** An anchor that does not load the page anew; a real one for the middle button and for copying. */
export function Link({ to, onClick, ...rest }: LinkProps): ReactElement {
  const address = formatRoute(to);
  const follow = (event: MouseEvent<HTMLAnchorElement>): void => {
    onClick?.(event);
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    navigate(address);
  };
  return <a href={address} onClick={follow} {...rest} />;
}
