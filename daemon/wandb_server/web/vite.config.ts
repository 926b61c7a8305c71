/** Builds the page into dist/, with hashed names under assets/ so that the server may call them immutable. */
import { defineConfig } from "vitest/config";

const server = process.env.WANDB_PAGE_SERVER ?? "http://127.0.0.1:8080";

export default defineConfig({
  // The modules of one view are one request; nothing is inlined, so a strict content policy holds.
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      // "use client" means something to servers that render React; there is none here.
      onLog: (level, log, handle) => {
        if (log.code !== "MODULE_LEVEL_DIRECTIVE") handle(level, log);
      },
    },
  },
  server: {
    proxy: { "/graphql": server, "/api": server, "/auth": server },
  },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});
