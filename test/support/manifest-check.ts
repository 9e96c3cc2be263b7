/**
 * Kubernetes objects held to Kubernetes' own description of them, by way of the types that are made from it: an object is written as a literal of its type, and TypeScript says
 * what is missing, of another type, or not known.
 */
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"

/** Where the type of a kind is. */
const modules: Readonly<Record<string, string>> = {
  ServiceAccount: "core/v1",
  ConfigMap: "core/v1",
  Service: "core/v1",
  StatefulSet: "apps/v1",
  PodDisruptionBudget: "policy/v1",
  NetworkPolicy: "networking/v1",
}

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string }
}

/** @returns what is wrong with the objects, a line for each fault */
export function faultsOf(manifests: readonly Manifest[]): readonly string[] {
  const kinds = [...new Set(manifests.map(({ kind }) => kind))]
  const unknown = kinds.filter((kind) => modules[kind] === undefined)
  if (unknown.length > 0) return [`no type is named for ${unknown.join(", ")}`]
  const text = [
    ...kinds.map((kind) => `import type { ${kind} } from "kubernetes-types/${modules[kind]}.d.ts"`),
    ...manifests.map(
      (manifest, n) => `export const object${n}: ${manifest.kind} = ${JSON.stringify(manifest, null, 2)}`,
    ),
  ].join("\n")
  const file = join(dirname(fileURLToPath(import.meta.url)), "manifests.ts")
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    types: [],
  }
  const host = ts.createCompilerHost(options)
  const { fileExists, getSourceFile, readFile } = host
  host.fileExists = (path) => path === file || fileExists.call(host, path)
  host.readFile = (path) => (path === file ? text : readFile.call(host, path))
  host.getSourceFile = (path, ...more) =>
    path === file ? ts.createSourceFile(path, text, ts.ScriptTarget.ES2022) : getSourceFile.call(host, path, ...more)
  const program = ts.createProgram([file], options, host)
  return ts.getPreEmitDiagnostics(program).map(({ messageText, start = 0 }) => {
    const line = text.slice(0, start).split("\n").length
    const near = text.split("\n")[line - 1]?.trim() ?? ""
    return `${near}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`
  })
}
