/** Build steps beside stripping types: AssemblyScript kernels and protobuf static code. Each runs only when its source is newer. */
import { stat, mkdir } from "node:fs/promises"
import { basename, dirname, join } from "node:path"

const time = (path) => stat(path).then((s) => s.mtimeMs, () => 0)

/** Compiles every `assembly/NAME.ts` into `dist/.../NAME.wasm` and, for kernels that can use it, `NAME.relaxed.wasm`. */
export async function buildAssembly(paths) {
  for (const path of paths.filter((path) => path.endsWith(".ts"))) {
    const name = basename(path, ".ts")
    const folder = join("dist", dirname(dirname(path)))
    for (const [file, features] of [
      [`${name}.wasm`, ["simd"]],
      [`${name}.relaxed.wasm`, ["simd", "relaxed-simd"]],
    ]) {
      const out = join(folder, file)
      if ((await time(out)) >= (await time(path))) continue
      await mkdir(folder, { recursive: true })
      const asc = await import("assemblyscript/asc")
      const { error, stderr } = await asc.main([path, "-o", out, "-O3", "--noAssert", "--runtime", "stub", "--importMemory", "--initialMemory", "0", "--use", "abort=", ...features.flatMap((feature) => ["--enable", feature])])
      if (error) throw new Error(`${path}: ${error.message}\n${stderr.toString()}`)
    }
  }
}
