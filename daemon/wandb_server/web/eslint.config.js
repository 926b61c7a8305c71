import js from "@eslint/js";
import hooks from "eslint-plugin-react-hooks";
import ts from "typescript-eslint";

/** Which folder may import which: api fetches, chart draws, model is pure, parts and views show. */
const strangers = (files, patterns, message) => ({
  files,
  rules: { "no-restricted-imports": ["error", { patterns: [{ group: patterns, message }] }] },
});

export default ts.config(
  { ignores: ["dist", "node_modules"] },
  js.configs.recommended,
  {
    files: ["**/*.{ts,tsx}"],
    extends: [...ts.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      eqeqeq: ["error", "smart"],
    },
  },
  {
    files: ["src/**/*.{ts,tsx}"],
    plugins: { "react-hooks": hooks },
    rules: { ...hooks.configs.recommended.rules, "no-console": "error" },
  },
  { files: ["tests/*.mjs"], languageOptions: { globals: { process: "readonly", console: "readonly", setInterval: "readonly", clearInterval: "readonly", Buffer: "readonly", URL: "readonly" } } },
  strangers(["src/model/**"], ["**/api/**", "**/chart/**", "**/parts/**", "**/views/**", "react"], "model is pure"),
  strangers(["src/chart/**"], ["**/api/**", "**/parts/**", "**/views/**"], "the chart knows columns and pixels, not runs"),
  strangers(["src/parts/**"], ["**/views/**"], "parts are below views"),
);
