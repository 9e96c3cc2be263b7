/** Build steps beside stripping types: AssemblyScript kernels and protobuf static code. Each runs only when its source is newer. */
import { copyFile, mkdir, readFile, stat, writeFile } from "node:fs/promises"
import { basename, dirname, join } from "node:path"

const time = (path) =>
  stat(path).then(
    (s) => s.mtimeMs,
    () => 0,
  )

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
      const { error, stderr } = await asc.main([
        path,
        "-o",
        out,
        "-O3",
        "--noAssert",
        "--runtime",
        "stub",
        "--importMemory",
        "--initialMemory",
        "0",
        "--use",
        "abort=",
        ...features.flatMap((feature) => ["--enable", feature]),
      ])
      if (error) throw new Error(`${path}: ${error.message}\n${stderr.toString()}`)
    }
  }
}

/**
 * Generates static code for `proto/agent.proto`: encoders as an ES module, their types, and the descriptor that gRPC reflection serves.
 * Results are committed, so that types check without a build; they are made again only when the contract is newer.
 */
export async function buildProto() {
  const source = "proto/agent.proto"
  const [code, types, descriptor] = ["agent.generated.js", "agent.generated.d.ts", "agent.generated.bin"].map((name) =>
    join("proto", name),
  )
  const made = await Promise.all([code, types, descriptor].map(time))
  if (Math.min(...made) === 0 || Math.max(...made) < (await time(source))) {
    const { default: pbjs } = await import("protobufjs-cli/pbjs.js")
    const { default: pbts } = await import("protobufjs-cli/pbts.js")
    const call = (tool, args) =>
      new Promise((done, failed) => tool.main(args, (error) => (error ? failed(error) : done())))
    const plain = [
      "--force-number",
      "--no-delimited",
      "--no-verify",
      "--no-create",
      "--no-convert",
      "--no-typeurl",
      "--no-service",
      "--lint",
      "",
    ]
    await call(pbjs, [
      "-t",
      "static-module",
      "-w",
      "es6",
      "--dependency",
      "protobufjs/minimal.js",
      ...plain,
      "-o",
      code,
      source,
    ])
    // protobufjs is CommonJS and its names cannot be found statically, so an ES module must take its default export.
    await writeFile(code, (await readFile(code, "utf8")).replace("import * as $protobuf", "import $protobuf"))
    await call(pbts, ["-o", types, code])
    const { default: protobuf } = await import("protobufjs")
    const { default: descriptors } = await import("protobufjs/ext/descriptor/index.js")
    const root = await protobuf.load(source)
    root.resolveAll()
    const [file] = root.toDescriptor("proto3").file
    await writeFile(descriptor, descriptors.FileDescriptorProto.encode({ ...file, name: "agent.proto" }).finish())
  }
  await mkdir("dist/proto", { recursive: true })
  for (const path of [code, descriptor]) await copyFile(path, join("dist", path))
}
