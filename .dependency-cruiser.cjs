/** Imports go one way: proto, actors, cluster, src. Inside a floor there are no circles. */
const below = (floor, forbidden) => ({
  name: `${floor}-imports-downwards-only`,
  severity: "error",
  from: { path: `^${floor}/` },
  to: { path: `^(dist/)?(${forbidden.join("|")})/` },
})

module.exports = {
  forbidden: [
    below("proto", ["actors", "cluster", "src", "test", "examples"]),
    below("actors", ["cluster", "src", "test", "examples"]),
    below("cluster", ["src", "test", "examples"]),
    below("src", ["test", "examples"]),
    {
      name: "no-circles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "public-doors-only",
      comment: "Examples use the package by its own name.",
      severity: "error",
      from: { path: "^examples/" },
      to: { path: "^(proto|actors|cluster|src|test)/", dependencyTypes: ["local"] },
    },
    {
      name: "no-development-packages-in-the-product",
      severity: "error",
      from: { path: "^(proto|actors|cluster|src)/", pathNot: "\\.d\\.ts$" },
      to: {
        dependencyTypes: ["npm-dev"],
        dependencyTypesNot: ["type-only"],
        pathNot: "^node_modules/(@ai-sdk|pg)/",
      },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^dist/|/assembly/" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "types", "node", "default"] },
  },
}
