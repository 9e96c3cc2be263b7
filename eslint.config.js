import tseslint from "typescript-eslint"

/** What is thrown may be anything, and only actors/errors.ts may ask it what it says. */
const thrown = "(e|err|error|cause|reason|thrown|failure)"
const unknownThrown = [
  "ConditionalExpression[test.operator='instanceof'][test.right.name='Error']",
  `CallExpression[callee.name='String'][arguments.0.name=/^${thrown}$/]`,
  `TemplateLiteral > Identifier[name=/^(e|err|error|thrown)$/]`,
  "MemberExpression[object.type='TSAsExpression'][object.typeAnnotation.typeName.name='Error']",
].map((selector) => ({
  selector,
  message: "What is thrown may be anything: use thrownText or errorOf (actors/errors.ts).",
}))

/** Time, chance and ids come through the Clock and Random ports, so that the simulation can replace them. */
const timeAndChance = {
  "no-restricted-globals": [
    "error",
    ...["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "performance"].map((name) => ({
      name,
      message: "Time comes through the Clock port (actors/clock.ts).",
    })),
  ],
  "no-restricted-properties": [
    "error",
    { object: "Date", property: "now", message: "Use the Clock port." },
    { object: "performance", property: "now", message: "Use the Clock port." },
    { object: "process", property: "hrtime", message: "Use the Clock port." },
    { object: "Math", property: "random", message: "Use the Random port." },
    { object: "AbortSignal", property: "timeout", message: "Use the Clock port." },
    { object: "crypto", property: "randomUUID", message: "Use the Random port." },
    { object: "crypto", property: "getRandomValues", message: "Use the Random port." },
  ],
  "no-restricted-imports": [
    "error",
    {
      paths: [
        { name: "node:timers/promises", message: "Use the Clock port." },
        { name: "node:timers", message: "Use the Clock port." },
        { name: "node:perf_hooks", importNames: ["performance"], message: "Use the Clock port." },
        {
          name: "node:crypto",
          importNames: ["randomUUID", "getRandomValues", "randomBytes"],
          message: "Use the Random port.",
        },
      ],
    },
  ],
  "no-restricted-syntax": [
    "error",
    { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: "Use the Clock port." },
    ...unknownThrown,
  ],
}

export default tseslint.config(
  { ignores: ["dist/", "node_modules/", "**/*.generated.*", "**/assembly/**", "data/", ".tap/"] },
  ...tseslint.configs.recommended,
  {
    rules: {
      eqeqeq: ["error", "always", { null: "ignore" }],
      "no-console": "error",
      "prefer-const": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
    },
  },
  {
    files: ["actors/**/*.ts", "cluster/**/*.ts", "src/**/*.ts"],
    ignores: ["actors/clock.ts", "src/cli/**"],
    rules: timeAndChance,
  },
  { files: ["actors/clock.ts", "src/cli/**"], rules: { "no-restricted-syntax": ["error", ...unknownThrown] } },
  {
    // What runs at the rim prints; the rest logs.
    files: ["src/cli/**", "src/models/training/command.ts", "test/**", "examples/**", "*.mjs"],
    rules: { "no-console": "off", "@typescript-eslint/no-non-null-assertion": "off" },
  },
)
