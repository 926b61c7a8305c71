/** Builds the page into dist/, with hashed names under assets/ so that the server may call them immutable. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const server = process.env.WANDB_PAGE_SERVER ?? "http://127.0.0.1:8080";
const TEXTS = /\.(js|css|svg)$/;

/** Beside every text its compressed forms, which the server sends to browsers that take them. */
function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    writeBundle({ dir = "dist" }) {
      for (const name of readdirSync(join(dir, "assets")).filter((file) => TEXTS.test(file))) {
        const path = join(dir, "assets", name);
        const body = readFileSync(path);
        writeFileSync(`${path}.gz`, gzipSync(body, { level: 9 }));
        writeFileSync(`${path}.br`, brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
      }
    },
  };
}

export default defineConfig({
  plugins: [compressed()],
  // The modules of one view are one request; nothing is inlined, so a strict content policy holds.
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
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
