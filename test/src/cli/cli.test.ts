/** The real command line in processes of its own, each on a data folder that nobody else uses. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { access, readdir, readFile, writeFile } from "node:fs/promises"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import t from "tap"
import { createAgentOS } from "#src/os.js"
import { packageVersion } from "#src/version.js"
import { cli as run } from "#test/support/command-line.js"
import { startNode } from "#test/support/node-process.js"

const cli = (folder: string, ...args: string[]) => run(folder, args)

/** Waits until a process of this test's own has gone. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0)
    } catch {
      return
    }
    await new Promise((done) => setTimeout(done, 5))
  }
}

/** Most of a command's time is its start, so two tests go at a time. */
t.jobs = 2
const sideBySide = { buffered: true }

/** A configuration for what needs no documents, which saves reading them each time. */
const quiet = { "llmagentos.yaml": "knowledge: { shipped: false }\n" }

const exists = (path: string) => access(path).then(() => true, () => false) // prettier-ignore

t.test(
  "a node outlives a rejection nobody handles; an error nobody catches stops it in order",
  sideBySide,
  async (t) => {
    const folder = t.testdir({
      "faulty.mjs": `
      process.once("SIGUSR2", () => {
        void Promise.reject(new Error("nobody handles this"))
        process.once("SIGUSR2", () => { throw new Error("nobody catches this") })
      })
      export default { name: "faulty", contract: 1 }`,
    })
    const config = join(folder, "llmagentos.yaml")
    await writeFile(config, `plugins: [${JSON.stringify(join(folder, "faulty.mjs"))}]\nknowledge: { shipped: false }\n`)
    const data = join(folder, "data")
    const node = await startNode(data, ["--config", config])
    const log = () => readFile(join(data, "logs", "node.log"), "utf8")
    process.kill(node.pid, "SIGUSR2")
    while (!(await log()).includes("nobody handles this")) await new Promise((done) => setTimeout(done, 5))
    t.equal((await fetch(`${node.rest}/healthz`)).status, 200)
    process.kill(node.pid, "SIGUSR2")
    await gone(node.pid)
    t.equal(await node.stop(), 70)
    t.match(node.output(), /nobody catches this/)
    t.notOk(await exists(join(data, "node.json")), "it stopped in order")
  },
)

t.test(
  "start --once on an empty folder shows each step, answers from tools and documents, and ends",
  sideBySide,
  async (t) => {
    const folder = t.testdir()
    const asked = "What is 48 * 17, and where is actor state kept?"
    const { code, out, err } = await cli(folder, "start", "--once", asked)
    t.equal(code, 0, err)
    t.match(out, new RegExp(`LLMAgentOS ${packageVersion.replaceAll(".", "\\.")} ready in \\d+ ms`))
    for (const agent of ["router", "mathematician", "librarian", "writer"])
      t.match(out, new RegExp(`✓ ${agent} .* \\d+ ms`), `the step of ${agent}`)
    t.match(out, /calculator\(48 \* 17\) = 816/)
    const answer = out.slice(out.lastIndexOf("\n\n"))
    t.match(answer, /\b816\b/)
    t.match(answer, /\bLevelDB\b/)
    t.match(answer, /from llmagentos\/.*; \d+ \+ \d+ tokens, \d+ ms/)
    t.notMatch(out, /REST|gRPC/, "no port is opened")
    t.notOk(await exists(join(folder, "data", "node.json")))
  },
)

t.test(
  "start --once answers from a folder given with --knowledge, and refuses one that is missing",
  sideBySide,
  async (t) => {
    const folder = t.testdir({ notes: { "a.md": "# Notes\n\nThe copper lantern is kept in Tallinn.\n" } })
    const [{ code, out }, missing] = await Promise.all([
      cli(folder, "start", "--knowledge", "notes", "--once", "Where is the copper lantern kept?"),
      cli(folder, "--data", "other", "start", "--knowledge", "nothing", "--once", "hello"),
    ])
    t.equal(code, 0)
    t.match(out, /notes: 1 documents, 1 passages/)
    t.match(out.slice(out.lastIndexOf("\n\n")), /Tallinn[^]*from notes\/a\.md/)
    t.equal(missing.code, 1)
    t.match(missing.err, /DOCUMENT_UNREADABLE --knowledge nothing: no such file or folder/)
  },
)

t.test("a node serves until Ctrl-C, and commands go through it meanwhile", sideBySide, async (t) => {
  const folder = t.testdir(quiet)
  const data = join(folder, "data")
  const node = await startNode(data, ["--config", join(folder, "llmagentos.yaml")])
  t.teardown(() => node.kill())
  t.equal((await fetch(`${node.rest}/healthz`)).status, 200)

  const [second, described, run, created] = await Promise.all([
    cli(folder, "start", "--port", "0", "--grpc-port", "0"),
    cli(folder, "agents", "replicate", "companion", "2"),
    cli(folder, "run", "companion", "hello", "--json"),
    cli(folder, "keys", "create", "robot"),
  ])
  t.equal(second.code, 1)
  t.match(
    second.err,
    /^LEVEL_LOCKED another process owns .*store: stop it, or give this one another data folder \(--data\)\n$/,
  )
  t.match(described.out, /companion.*'running'.*2/)
  const result = JSON.parse(run.out) as { target: string; output: string; runId: string }
  t.match(result, { target: "companion", output: /\S/, runId: /\S/ })
  t.match(created.out, /^lao_\w+_\S+\n\nKeep it/)
  const agents = (await (await fetch(`${node.rest}/v1/agents`)).json()) as {
    agents: { name: string; replicas: number }[]
  }
  t.match(
    agents.agents.find(({ name }) => name === "companion"),
    { replicas: 2 },
    "the node itself was changed",
  )

  process.kill(node.pid, "SIGINT")
  await gone(node.pid)
  t.equal(await node.stop(), 0, "it ends in order")
  t.notOk(await exists(join(data, "node.json")))
  t.match(node.output(), /serving; Ctrl-C stops/)
  const list = await cli(folder, "keys", "list")
  t.match(list.out, /'robot'/, "what it acknowledged is durable")
})

t.test("a command is never sent to another node that has the port of one that was killed", sideBySide, async (t) => {
  const folder = t.testdir({ ...quiet, data: {} })
  let asked = 0
  const other = createServer((_, response) => {
    asked += 1
    response.end("{}")
  })
  await new Promise<void>((done) => other.listen(0, "127.0.0.1", done))
  t.teardown(() => other.close())
  const ended = spawn(process.execPath, ["-e", ""])
  await once(ended, "close")
  const rest = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
  await writeFile(join(folder, "data", "node.json"), JSON.stringify({ pid: ended.pid, rest, grpc: "" }))
  const { code, out } = await cli(folder, "agents")
  t.equal(code, 0)
  t.match(out, /router/)
  t.equal(asked, 0)
})

t.test("run prints the answer only; a failure is told with its code", sideBySide, async (t) => {
  const folder = t.testdir(quiet)
  const [{ code, out, err }, unknown] = await Promise.all([
    cli(folder, "run", "mathematician", "what is 6 * 7?", "--data", "a"),
    cli(folder, "run", "nobody", "hello", "--data", "b"),
  ])
  t.equal(code, 0, err)
  t.match(out, /^[^\n]*\b42\b[^\n]*\n$/)
  t.equal(unknown.code, 1)
  t.match(unknown.err, /^[A-Z_]+ .*nobody/)
  t.equal(unknown.out, "")
})

t.test("a conversation is remembered, whether a node runs meanwhile or not", sideBySide, async (t) => {
  const folder = t.testdir(quiet)
  const say = async (text: string) =>
    t.equal((await cli(folder, "run", "companion", "--conversation", "c", text)).code, 0)
  await say("hello, my name is Ada")
  const node = await startNode(join(folder, "data"), ["--config", join(folder, "llmagentos.yaml")])
  t.teardown(() => node.kill())
  await say("what is my name")
  t.equal(await node.stop(), 0)
  const os = await createAgentOS({ data: join(folder, "data"), knowledge: { shipped: false } })
  t.teardown(() => os.stop())
  t.match(await os.conversation("companion", "c"), [
    { role: "user", content: "hello, my name is Ada" },
    { role: "assistant", content: /\S/ },
    { role: "user", content: "what is my name" },
    { role: "assistant", content: /\S/ },
  ])
})

t.test("agents are listed and described; one that is not there is told with those that are", sideBySide, async (t) => {
  const folder = t.testdir(quiet)
  const [list, one, none] = await Promise.all([
    cli(folder, "agents", "--data", "a"),
    cli(folder, "agents", "describe", "writer", "--data", "b"),
    cli(folder, "agents", "describe", "nobody", "--data", "c"),
  ])
  for (const agent of ["router", "mathematician", "librarian", "timekeeper", "companion", "writer"])
    t.match(list.out, agent)
  t.match(one.out, "writer")
  t.notMatch(one.out, "librarian")
  t.equal(none.code, 1)
  t.match(none.err, /UNKNOWN_AGENT .*"nobody"; there are: .*writer/)
})

t.test("topology check tells what is good, and every fault with its line", sideBySide, async (t) => {
  const folder = t.testdir({
    "good.yaml": "name: both\ntopology:\n  chain:\n    - companion\n    - writer\n",
    "bad.yaml": "name: wrong\ntopology:\n  chain:\n    - companion\n    - scribbler\n",
  })
  const { code, out, err } = await cli(folder, "topology", "check", "good.yaml", "bad.yaml", "missing.yaml")
  t.equal(code, 1)
  t.equal(out, "✓ good.yaml: both, with companion, writer\n")
  t.match(err, /✗ .*bad\.yaml[^]*\b5\b[^]*scribbler/)
  t.match(err, /✗ missing\.yaml: cannot be read/)
  t.equal((await cli(folder, "topology", "check", "good.yaml")).code, 0)
})

t.test("knowledge is added from files and folders, searched, listed and removed", sideBySide, async (t) => {
  const folder = t.testdir({
    notes: { "a.md": "# Harbor\n\nThe copper lantern hangs there.\n", "b.txt": "Nothing of that kind." },
    "c.markdown": "The silver lantern hangs here.",
    "d.xls": "",
  })
  const added = await cli(folder, "knowledge", "add", "notes", "c.markdown")
  t.equal(added.code, 0, added.err)
  t.match(added.out, /notes: 2 documents, 2 passages\nc\.markdown: 1 passages/)
  const [found, wrong] = await Promise.all([
    cli(folder, "knowledge", "search", "copper", "lantern", "--limit", "2"),
    cli(folder, "knowledge", "add", "d.xls", "--data", "other"),
  ])
  t.match(found.out, /^notes\/a\.md › Harbor [\d.]+\nThe copper lantern hangs there\.\n\nc\.markdown [\d.]+\n/)
  t.equal(wrong.code, 1)
  t.match(wrong.err, /DOCUMENT_UNREADABLE d\.xls: documents end in \.md, /)
  t.match(
    (await cli(folder, "knowledge", "remove", "c.markdown", "nothing")).out,
    /^removed c\.markdown\nthere is no document nothing\n/,
  )
  t.match((await cli(folder, "knowledge", "list")).out, /^notes\/a\.md 1 passages, \d+ bytes\nnotes\/b\.txt /m)
})

t.test(
  "beside a node that runs a folder is added under the same ids, and a limit keeps out one file",
  sideBySide,
  async (t) => {
    const big = "The harbor is old. ".repeat(100_000)
    const folder = t.testdir({
      ...quiet,
      book: { "a.md": "The copper lantern hangs there.", "big.txt": big, "x.json": "{}", deep: { "b.txt": "Green." } },
      other: { book: { "a.md": "The silver lantern hangs here." } },
    })
    const node = await startNode(join(folder, "data"), ["--config", join(folder, "llmagentos.yaml")])
    t.teardown(() => node.kill())
    const added = await cli(folder, "knowledge", "add", "./book")
    t.equal(added.code, 1, "a document was left out")
    t.match(added.out, /book: 2 documents, 2 passages\n[^]*1 \.json[^]*left out: book\/big\.txt: .*bodyLimitBytes/)
    t.match((await cli(folder, "knowledge", "list")).out, /^book\/a\.md [^]*\nbook\/deep\/b\.txt /)
    const list = async () => (await cli(folder, "knowledge", "list")).out
    const ids = /^book\/a\.md [^]*\nbook\/deep\/b\.txt [^]*\nother\/book\/a\.md /
    for (const again of [false, true]) {
      for (const book of ["other/book", "./book"])
        t.equal((await cli(folder, "knowledge", "add", book)).code, book === "./book" ? 1 : 0)
      t.match(await list(), ids, again ? "and so when they are added again" : "two folders of one name are two")
    }
    t.equal((await list()).split("\n").length, 4)
    t.equal((await cli(folder, "knowledge", "remove", "nothing")).code, 1)
    const actors = await cli(folder, "actors", "--data", join(folder, "data"))
    t.equal(actors.code, 0, actors.err)
    const key = await cli(folder, "keys", "create", "x", "--requests-per-minute", "0")
    t.equal(key.code, 1)
    t.match(key.err, /INVALID_REQUEST requestsPerMinute/)
  },
)

t.test("a key is made, listed without its secret, and revoked", sideBySide, async (t) => {
  const folder = t.testdir(quiet)
  const { out } = await cli(folder, "keys", "create", "robot", "--requests-per-minute", "60")
  const [, id = "", secret = ""] = /^lao_([^_]+)_(\S+)/.exec(out) ?? []
  t.ok(id)
  t.equal((await cli(folder, "keys", "revoke", id)).out, `revoked ${id}\n`)
  t.match((await cli(folder, "keys", "revoke", id)).out, `${id} was revoked already, at 20`)
  t.match(await cli(folder, "keys", "revoke", ""), { code: 1, err: /UNKNOWN_KEY no API key has the id ""/ })
  const [listed, unknown] = await Promise.all([
    cli(folder, "keys", "list"),
    cli(folder, "keys", "revoke", "nothing", "--data", "other"),
  ])
  t.match(listed.out, new RegExp(`${id}.*'robot'.*'20\\d\\d-.*'20\\d\\d-`), "made and revoked")
  t.notMatch(listed.out, secret)
  t.match(unknown, { code: 1, err: /UNKNOWN_KEY no API key has the id nothing/ })
})

t.test("doctor tells what this machine offers, and opens nothing that it leaves behind", sideBySide, async (t) => {
  const folder = t.testdir()
  const taken = createServer()
  await new Promise<void>((done) => taken.listen(0, "127.0.0.1", done))
  t.teardown(() => taken.close())
  const { port } = taken.address() as AddressInfo
  const { code, out } = await cli(folder, "doctor", "--data", "data", "--config", await config(folder, port))
  t.equal(code, 0)
  t.match(out, /✓ Node\.js +v\d+/)
  t.match(out, /✓ WebAssembly SIMD +yes/)
  t.match(out, new RegExp(`– REST port +127\\.0\\.0\\.1:${port} is in use`))
  t.same(
    (await readdir(folder)).filter((name) => name !== "my.yaml"),
    [],
    "it makes no data folder",
  )
  t.match(out, /✓ model servers +the OpenAI-compatible provider is installed/, "as the node finds it, from any folder")
  for (const data of ["a file", t.fixture("symlink", "nowhere")]) {
    const ended = await cli(t.testdir({ ...quiet, data }), "doctor")
    t.match(ended, { code: 1, out: /✗ disk / })
  }
})

async function config(folder: string, port: number): Promise<string> {
  await writeFile(join(folder, "my.yaml"), `gateway:\n  port: ${port}\n  grpcPort: 0\n`)
  return "my.yaml"
}

t.test(
  "help lists every command; what is no command, option or number is refused with a hint",
  sideBySide,
  async (t) => {
    const folder = t.testdir()
    const [help, unknown, option, port, high, none] = await Promise.all([
      cli(folder, "--help"),
      cli(folder, "strat"),
      cli(folder, "start", "--prot", "1"),
      cli(folder, "start", "--port", "12ab"),
      cli(folder, "start", "--port", "70000"),
      cli(folder, "start", "--config", "nowhere.yaml"),
    ])
    t.equal(help.code, 0)
    for (const command of [
      "start",
      "run",
      "chat",
      "agents",
      "cluster",
      "topology",
      "knowledge",
      "keys",
      "train",
      "bench",
      "doctor",
    ])
      t.match(help.out, new RegExp(`^  ${command} `, "m"))
    t.match(unknown, { code: 1, err: /unknown command 'strat'[^]*Did you mean start\?[^]*--help/ })
    t.match(option, { code: 1, err: /unknown option '--prot'[^]*Did you mean --port\?/ })
    t.match(port, { code: 1, err: /--port <port>' argument '12ab' is invalid\. It is a whole number\./ })
    t.match(high, { code: 1, err: /INVALID_CONFIG the command line has 1 fault:\n {2}- gateway\.port: / })
    t.match(none, { code: 1, err: /INVALID_CONFIG cannot read the configuration nowhere\.yaml/ })
    t.same(await readdir(folder), [], "nothing was begun")
  },
)

t.test(
  "a broken llmagentos.yaml is told with the line of each fault, before anything is opened",
  sideBySide,
  async (t) => {
    const folder = t.testdir({ "llmagentos.yaml": "name: mine\ngateway:\n  port: many\nagentz: []\n" })
    const { code, err } = await cli(folder, "start", "--once", "hello")
    t.equal(code, 1)
    t.match(
      err,
      /^INVALID_CONFIG llmagentos\.yaml has 2 faults:\n {2}- line 3, column 3: gateway\.port: .*\n {2}- line 4, column 1: unknown `agentz`\n$/,
    )
    t.same(await readdir(folder), ["llmagentos.yaml"])
  },
)

t.test("llmagentos.yaml in the folder is used, and the command line goes over it", sideBySide, async (t) => {
  const folder = t.testdir({
    "llmagentos.yaml": [
      "data: kept",
      "knowledge: { shipped: false }",
      "agents:",
      "  - { name: friend, instructions: chat, memory: true }",
    ].join("\n"),
  })
  const [here] = await Promise.all([
    cli(folder, "agents", "restart", "friend"),
    cli(folder, "agents", "restart", "friend", "--data", "elsewhere"),
  ])
  t.match(here.out, /friend/)
  t.ok(await exists(join(folder, "kept", "store")))
  t.ok(await exists(join(folder, "elsewhere", "store")))
})

t.test("the token goes to no program that does not prove that it is the node", sideBySide, async (t) => {
  const token = `lat_${"s".repeat(43)}`
  const folder = t.testdir({ ...quiet, data: { token } })
  const heard: string[] = []
  const other = createServer((request, response) => {
    heard.push(JSON.stringify(request.headers))
    response.setHeader("llmagentos-proof", "AAAA")
    response.end("{}")
  })
  await new Promise<void>((done) => other.listen(0, "127.0.0.1", done))
  t.teardown(() => other.close())
  const rest = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
  await writeFile(join(folder, "data", "node.json"), JSON.stringify({ pid: process.pid, rest, grpc: "" }))
  const { code, out } = await cli(folder, "agents")
  t.equal(code, 0)
  t.match(out, /router/, "it works with the store itself")
  t.equal(heard.length, 1)
  t.notMatch(heard.join(), token)
})

t.test("a damaged file that says where the node is counts as none", sideBySide, async (t) => {
  for (const damaged of ["", "{", "null", "[]", '{"rest":7,"pid":1}', '{"rest":"nowhere","pid":"x"}', "\u0000\u0001"]) {
    const folder = t.testdir({ ...quiet, data: { "node.json": damaged, token: `lat_${"s".repeat(43)}` } })
    const { code, out, err } = await cli(folder, "agents")
    t.equal(code, 0, JSON.stringify(damaged))
    t.match(out, /router/)
    t.equal(err, "")
  }
})

t.test("what comes from documents and files cannot steer the terminal that shows it", sideBySide, async (t) => {
  const evil = "\u001b]0;owned\u0007lantern\u001b[2J \u009b31m red \u202e back\r over"
  const folder = t.testdir({ ...quiet, "a.txt": `The copper ${evil}.`, "bad.yaml": `name: "\\e[31mx"\ntopology: 7\n` })
  await cli(folder, "knowledge", "add", "a.txt")
  const shown = [
    await cli(folder, "knowledge", "search", "copper"),
    await cli(folder, "topology", "check", "bad.yaml"),
    await cli(folder, "run", "\u001b[31mnobody", "x"),
  ]
  t.match(shown[0]?.out, /copper lantern/)
  for (const { out, err } of shown) t.notMatch(out + err, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/)
})

const serving = ["start", "--port", "0", "--grpc-port", "0"]
const unwritable = (name: string): RegExp =>
  new RegExp(`^INVALID_CONFIG data: the file data/${name} cannot be written \\(E[^]*; move away what stands there`)

t.test("files that are damaged or of another kind are named without a stack", sideBySide, async (t) => {
  const cases: readonly [files: object, args: readonly string[], told: RegExp][] = [
    [{ data: "a file" }, ["agents"], /^INVALID_CONFIG data: the folder data cannot be made or written .*; name one/],
    [
      { data: { logs: "a file" } },
      ["agents"],
      /^INVALID_CONFIG monitoring\.file: the log data\/logs\/node\.log cannot be /,
    ],
    [{ data: { store: "a file" } }, ["agents"], /STORE_FAILED.*data\/store/],
    [{ data: { logs: { "node.log": {} } } }, ["agents"], /node\.log/],
    [{ data: { store: t.fixture("symlink", "nowhere") } }, ["agents"], /STORE_FAILED.*data\/store.* move it away/],
    [
      { data: t.fixture("symlink", "nowhere") },
      ["agents"],
      /INVALID_CONFIG data: .*data is a link that leads to nothing/,
    ],
    [{ data: { token: {} } }, serving, unwritable("token")],
    [{ data: { "node.json": {} } }, serving, unwritable("node.json")],
    [{ "llmagentos.yaml": "topologies: [team.yaml]\n" }, ["agents"], /INVALID_TOPOLOGY team\.yaml: cannot be read/],
    [{ "llmagentos.yaml": {} }, ["agents"], /INVALID_CONFIG .*llmagentos\.yaml/],
  ]
  for (const [files, args, told] of cases) {
    const { code, err } = await cli(t.testdir({ ...quiet, ...files }), ...args)
    t.equal(code, 1)
    t.match(err, told)
    t.notMatch(err, /^ {4}at /m)
    t.notMatch(err, /([A-Z]{5,}) \1/, "no code stands twice")
  }
})

t.test("topologies are found beside the configuration that names them", sideBySide, async (t) => {
  const folder = t.testdir({
    there: {
      "llmagentos.yaml": "topologies: [team.yaml]\nknowledge: { shipped: false }\n",
      "team.yaml": "name: team\ntopology: companion\n",
    },
  })
  const { code, out, err } = await cli(folder, "run", "team", "hello", "--config", join("there", "llmagentos.yaml"))
  t.equal(code, 0, err)
  t.match(out, /\S/)
})
