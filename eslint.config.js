// `npx eslint` finds mistakes in the page's JavaScript. Layout is left to the authors.
import js from "@eslint/js";
import globals from "globals";

const WEB = "mergelab/ui/web/**/*.js";

export default [
  { ignores: ["mergelab/charts/plotlyjs/**", "build/**"] }, // delivered as others made it
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      curly: ["error", "multi-line"],
      eqeqeq: "error",
      "no-else-return": "error",
      "no-implicit-coercion": "error",
      "no-param-reassign": "error",
      "no-shadow": "error",
      "no-throw-literal": "error",
      "no-unused-expressions": "error",
      "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "no-use-before-define": ["error", { functions: false, variables: false }],
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      "prefer-template": "error",
    },
  },
  { files: [WEB], languageOptions: { ecmaVersion: 2024, globals: globals.browser } },
  { files: ["mergelab/ui/web/before_gradio/*.js"], languageOptions: { sourceType: "script" } },
  { files: ["tests/**/*.js"], languageOptions: { ecmaVersion: 2024, globals: globals.node } },
  { ignores: ["assets/", "build/", "dist/", ".venv/"] },
];
