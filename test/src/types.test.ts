import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import t from "tap"
import ts from "typescript"

/** Built tests lie below dist. */
const root = join(dirname(fileURLToPath(import.meta.url)), "../../..")

interface Manifest {
  readonly exports: Readonly<Record<string, { readonly types: string }>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
}

// Types are emitted and checked, which takes half a minute of a processor.
t.setTimeout(300_000)

t.test(
  "a program that uses every door compiles, strictly and with all libraries checked, without what is optional",
  async (t) => {
    const manifest = JSON.parse(ts.sys.readFile(join(root, "package.json")) ?? "") as Manifest
    const doors = Object.entries(manifest.exports)
    const sources = doors.map(([, { types }]) => join(root, types.replace("./dist/", "").replace(/\.d\.ts$/, ".ts")))
    const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile) as { config: object }
    const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: sources }, ts.sys, root)
    delete options.tsBuildInfoFile
    options.incremental = false

    const emitted = new Map<string, string>()
    const outDir = join(root, "dist")
    ts.createProgram(sources, { ...options, outDir }).emit(
      undefined,
      (name, text) => emitted.set(name, text),
      undefined,
      true,
    )
    const consumer = join(outDir, "consumer.ts")
    emitted.set(
      consumer,
      doors.map(([door], i) => `export * as door${i} from ${JSON.stringify(`llmagentos${door.slice(1)}`)}`).join("\n"),
    )

    const strict = { ...options, outDir, strict: true, skipLibCheck: false, noEmit: true, types: ["node"] }
    const host = ts.createCompilerHost(strict)
    const [exists, read, source] = [host.fileExists, host.readFile, host.getSourceFile]
    const optional = [...Object.keys(manifest.peerDependencies), "@types/pg"].map((name) => `/node_modules/${name}/`)
    // A consumer has what was emitted, not the sources beside it.
    const own = (name: string): boolean => name.startsWith(`${root}/`) && !name.includes("/node_modules/") && name.endsWith(".ts") && !name.includes("/proto/") // prettier-ignore
    host.fileExists = (name) =>
      emitted.has(name) || (!own(name) && !optional.some((part) => name.includes(part)) && exists(name))
    host.readFile = (name) => emitted.get(name) ?? read(name)
    host.getSourceFile = (name, version, ...more) => {
      const text = emitted.get(name)
      return text === undefined ? source(name, version, ...more) : ts.createSourceFile(name, text, version)
    }
    const faults = ts.getPreEmitDiagnostics(ts.createProgram([consumer], strict, host))
    t.ok(emitted.size > 100, "types were emitted")
    t.same(
      faults.map(
        ({ file, messageText }) => `${file?.fileName ?? ""}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`,
      ),
      [],
    )
  },
)
