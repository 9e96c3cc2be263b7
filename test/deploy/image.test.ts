/** The Dockerfile without Docker: its form, the paths that it copies, and a build and a start from those paths alone. */
import { execFile } from "node:child_process"
import { cp, mkdir, readFile, stat, symlink } from "node:fs/promises"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { DockerfileParser, type Copy, type Instruction } from "dockerfile-ast"
import { validate } from "dockerfile-utils"
import t from "tap"

const root = fileURLToPath(new URL("../../../", import.meta.url))
const text = await readFile(join(root, "Dockerfile"), "utf8")
const file = DockerfileParser.parse(text)
const run = promisify(execFile)

interface Copied {
  readonly from: string | undefined
  readonly sources: readonly string[]
  readonly to: string
}

/** The stages in order, each with what it copies. */
const stages = file.getFROMs().map((from, n) => {
  const begin = from.getRange().start.line
  const end = file.getFROMs()[n + 1]?.getRange().start.line ?? Infinity
  const own = file
    .getInstructions()
    .filter((one) => one.getRange().start.line >= begin && one.getRange().start.line < end)
  const copies = own.filter((one): one is Copy => one.getKeyword() === "COPY")
  return {
    name: from.getBuildStage() ?? "",
    image: from.getImage() ?? "",
    instructions: own,
    copies: copies.map(copied),
  }
})

function copied(copy: Copy): Copied {
  const paths = copy.getArguments().map((argument) => argument.getValue())
  const from = copy.getFromFlag()?.getValue() ?? undefined
  return { from, sources: paths.slice(0, -1), to: paths.at(-1) ?? "" }
}

const last = stages.at(-1)
const the = (keyword: string): Instruction | undefined =>
  last?.instructions.filter((one) => one.getKeyword() === keyword).at(-1)

t.test(
  "the Dockerfile is well formed, and ends as an unprivileged process that can be stopped and watched",
  async (t) => {
    t.strictSame(
      validate(text).map(({ message }) => message),
      [],
    )
    t.not(validate("FORM node\n").length, 0, "the check finds what is wrong")
    t.ok(stages.every(({ image }) => /^node:22-/.test(image)))
    t.equal(the("USER")?.getArgumentsContent(), "node")
    const after = last?.instructions.slice(last.instructions.indexOf(the("USER") as Instruction)) ?? []
    t.notOk(
      after.some((one) => ["RUN", "COPY", "ADD"].includes(one.getKeyword())),
      "nothing is made by it",
    )
    t.equal(the("STOPSIGNAL")?.getArgumentsContent(), "SIGTERM")
    t.match(the("HEALTHCHECK")?.getArgumentsContent(), /\/healthz/)
  },
)

t.test("what is copied is there, is not ignored, or was made by an earlier stage", async (t) => {
  const ignored = (await readFile(join(root, ".dockerignore"), "utf8")).trim().split("\n")
  t.equal(ignored[0], "*", "only what is named is sent to the build")
  const sent = new Set(ignored.slice(1).map((line) => line.replace(/^!/, "")))
  for (const [n, { copies }] of stages.entries())
    for (const { from, sources } of copies)
      for (const source of sources) {
        if (from !== undefined) {
          t.ok(
            stages.slice(0, n).some(({ name }) => name === from),
            `${source} from ${from}`,
          )
          t.match(source, /^\/app\//)
        } else {
          t.ok(await stat(join(root, source)), source)
          t.ok(sent.has(source.split("/")[0] ?? ""), `${source} is sent to the build`)
        }
      }
})

t.test("what the stages copy is enough to build, and to start from", { timeout: 120_000 }, async (t) => {
  const place = t.testdir({ build: {}, app: {} })
  const [build, app] = [join(place, "build"), join(place, "app")]
  const [first] = stages
  for (const { sources, to } of first?.copies ?? [])
    for (const source of sources)
      await cp(join(root, source), join(build, to === "./" ? source : to), { recursive: true })
  await symlink(join(root, "node_modules"), join(build, "node_modules"))
  await run(process.execPath, ["build.mjs"], { cwd: build })
  for (const { from, sources, to } of last?.copies ?? [])
    for (const source of sources) {
      const target = join(app, to.replace(/^\/app\//, ""), to.endsWith("/") ? source : "")
      if (source === "/app/node_modules") continue
      await mkdir(dirname(target), { recursive: true })
      await cp(from === "build" ? join(build, source.replace("/app/", "")) : join(root, source), target, {
        recursive: true,
      })
    }
  await symlink(join(root, "node_modules"), join(app, "node_modules"))
  const entry = JSON.parse(the("ENTRYPOINT")?.getArgumentsContent() ?? "[]") as string[]
  const main = join(app, (entry[1] ?? "").replace("/app/", ""))
  const { stdout } = await run("env", ["-u", "NODE_OPTIONS", process.execPath, main, "start", "--data", "memory", "--once", "What is 6 * 7?"], { cwd: place }) // prettier-ignore
  t.match(stdout, /\b42\b/)
})
