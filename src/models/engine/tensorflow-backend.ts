import { createRequire } from "node:module"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import util from "node:util"
import { AgentOSError } from "#actors/errors.js"
import { tf } from "../tensorflow.js"

/** Where TensorFlow's native backend may come from, GPU first. */
const packages = ["@tensorflow/tfjs-node-gpu", "@tensorflow/tfjs-node"]

/** Starts the native backend from whichever package the user installed. @throws `BACKEND_MISSING` saying what to install */
export async function useTensorflow(): Promise<string> {
  // tfjs-node calls a function that Node 23 removed.
  const legacy = util as unknown as { isNullOrUndefined?: (value: unknown) => boolean }
  legacy.isNullOrUndefined ??= (value) => value === null || value === undefined
  const here = createRequire(import.meta.url)
  const project = createRequire(pathToFileURL(join(process.cwd(), "package.json")))
  for (const name of packages) {
    const path = resolveFrom(here, name) ?? resolveFrom(project, name)
    if (path === undefined) continue
    await import(pathToFileURL(path).href)
    await tf.setBackend("tensorflow")
    await tf.ready()
    return name
  }
  throw new AgentOSError(
    "BACKEND_MISSING",
    `backend "tensorflow" needs one of ${packages.join(", ")}: npm install ${packages[0] ?? ""} (or use backend "wasm")`,
  )
}

function resolveFrom(require: NodeJS.Require, name: string): string | undefined {
  try {
    return require.resolve(name)
  } catch {
    return undefined
  }
}
