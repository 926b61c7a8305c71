/** Puts the page into the document. */

import "@fontsource-variable/inter/index.css";
import "uplot/dist/uPlot.min.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/workspace.css";
import "./styles/chart.css";
import "./styles/pages.css";
import "./styles/run.css";
import "./styles/dialogs.css";
import "./styles/media.css";
import "./styles/table.css";
import "./styles/narrow.css";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { RequestFailed } from "./api/client";
import { App } from "./App";
import { ThemeProvider } from "./parts/theme";
import { ToastProvider } from "./parts/toast";

const RETRIES = 2;

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      retryDelay: (attempt) => 500 * 2 ** attempt,
      // Asking again does not help against a refusal.
      retry: (count, error) => count < RETRIES && !(error instanceof RequestFailed && error.status > 0 && error.status < 500),
    },
  },
});

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <ThemeProvider>
          <ToastProvider>
            <App />
          </ToastProvider>
        </ThemeProvider>
      </QueryClientProvider>
    </StrictMode>,
  );
}
