/**
 * Builds the package into `dist/`: TypeScript (types stripped by esbuild, a second), AssemblyScript kernels, protobuf
 * static code, and the data files that lie beside sources. Types are checked by `npm run types`, not here.
 *
 *   node build.mjs              build everything
 *   node build.mjs --if-newer   only when a source is newer than the last build
 */
import { build } from "esbuild"
import { cp, mkdir, readdir, stat, writeFile } from "node:fs/promises"
import { dirname, extname, join } from "node:path"

const roots = ["proto", "actors", "cluster", "src", "test", "examples"]
const stamp = "dist/.built"
/** Files that the compiled code finds beside itself. */
const dataExtensions = new Set([
  ".json",
  ".safetensors",
  ".html",
  ".css",
  ".yaml",
  ".md",
  ".proto",
  ".svg",
  ".txt",
  ".bin",
  ".js",
  ".cjs",
  ".mjs",
  ".wasm",
  ".jsonl",
])

async function* walk(folder) {
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* walk(path)
    else if (entry.isFile()) yield path
  }
}

const sources = []
for (const root of roots) for await (const path of walk(root)) sources.push(path)

async function newest(paths) {
  const times = await Promise.all(
    paths.map((path) =>
      stat(path).then(
        (s) => s.mtimeMs,
        () => 0,
      ),
    ),
  )
  return Math.max(0, ...times)
}

if (process.argv.includes("--if-newer")) {
  const built = await newest([stamp])
  if (built > 0 && (await newest([...sources, "build.mjs", "package.json"])) <= built) process.exit(0)
}

const started = process.hrtime.bigint()
const assembly = sources.filter((path) => path.includes("/assembly/"))
const typescript = sources.filter(
  (path) => extname(path) === ".ts" && !path.endsWith(".d.ts") && !path.includes("/assembly/"),
)
const data = sources.filter((path) => dataExtensions.has(extname(path)) && !path.includes("/assembly/"))

await mkdir("dist", { recursive: true })
const { buildProto, buildAssembly } = await import("./build-steps.mjs").catch(() => ({}))
await Promise.all([
  build({
    entryPoints: typescript,
    outdir: "dist",
    outbase: ".",
    format: "esm",
    target: "node20",
    sourcemap: true,
    logLevel: "warning",
  }),
  ...data.map(async (path) => {
    const to = join("dist", path)
    await mkdir(dirname(to), { recursive: true })
    await cp(path, to)
  }),
  buildProto?.(),
  buildAssembly?.(assembly),
])
await writeFile(stamp, new Date().toISOString())
console.error(`built in ${Number((process.hrtime.bigint() - started) / 1_000_000n)} ms`)
