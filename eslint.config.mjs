import js from "@eslint/js";
import tseslint from "typescript-eslint";

const noEnum = { selector: "TSEnumDeclaration", message: "use a union of literals" };
/** A call has a limit of arguments (about 120,000), and throws a RangeError behind it. */
const noSpreadArguments = {
  selector: ":matches(CallExpression, NewExpression) > SpreadElement",
  message: "a peer may choose the length: use a loop, joinBytes, joinRuns or latin1",
};

export default tseslint.config(
  {
    ignores: [
      "dist/",
      "resources/",
      "node_modules/",
      ".cache/",
      ".node-red/",
      "coverage/",
      "docs/api/",
      "nodes/**/*.html",
    ],
  },
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: {
        project: ["./tsconfig.test.json", "./tsconfig.editor.json"],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/prefer-promise-reject-errors": "off",
      "no-restricted-syntax": ["error", noEnum],
      eqeqeq: "error",
    },
  },
  {
    files: ["src/**/*.ts", "nodes/**/*.ts"],
    // tables: what they spread is written in the table
    ignores: ["src/cosem/interface-classes/**"],
    rules: { "no-restricted-syntax": ["error", noEnum, noSpreadArguments] },
  },
  {
    files: ["src/**/*.ts", "nodes/**/*.ts"],
    // tables and lists of exports: a row is a row, however many there are
    ignores: ["src/names/objects-*.ts", "src/cosem/interface-classes/**", "src/apdu/model.ts", "src/index.ts"],
    rules: {
      "max-lines": ["error", 425],
      "max-lines-per-function": ["error", { max: 72, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ["test/**/*.ts"],
    rules: {
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-return": "off",
      "@typescript-eslint/require-await": "off",
    },
  },
  {
    files: ["**/*.mjs", "**/*.js"],
    languageOptions: {
      globals: {
        process: "readonly",
        console: "readonly",
        URL: "readonly",
        setTimeout: "readonly",
        clearTimeout: "readonly",
        Buffer: "readonly",
      },
    },
  },
);
