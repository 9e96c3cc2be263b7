/** Documents that `knowledge add` does not take, with a node and without one. */
import { execFile } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:net"
import { join } from "node:path"
import { promisify } from "node:util"
import t from "tap"
import { createAgentOS } from "#src/os.js"
import { cli } from "#test/support/command-line.js"
import { startNode } from "#test/support/node-process.js"

t.test("what is no regular file is refused or told, and a document left out ends the command with 1", async (t) => {
  const folder = t.testdir({
    "llmagentos.yaml": "knowledge: { shipped: false }\n",
    odd: { "a.md": "The copper lantern hangs there." },
    broken: { "a.md": "The silver lantern hangs here.", "b.pdf": "no PDF" },
    "zero.txt": t.fixture("symlink", "/dev/zero"),
  })
  await promisify(execFile)("mkfifo", [join(folder, "odd", "pipe.txt"), join(folder, "pipe.md")])
  const here = process.cwd()
  process.chdir(join(folder, "odd")) // the path of a socket has 107 characters at most
  const socket = createServer().listen("socket.md")
  process.chdir(here)
  await once(socket, "listening")
  t.teardown(() => socket.close())
  const data = join(folder, "data")
  const adds = async (where: string): Promise<void> => {
    for (const path of ["pipe.md", "odd/pipe.txt", "odd/socket.md", "zero.txt"]) {
      const { code, err } = await cli(folder, ["knowledge", "add", path])
      t.match({ code, err }, { code: 1, err: new RegExp(`DOCUMENT_UNREADABLE ${path} cannot be read`) }, where)
    }
    const odd = await cli(folder, ["knowledge", "add", "odd"])
    t.match(odd, { code: 0, out: /odd: 1 documents, 1 passages\n/ }, where)
    for (const name of ["pipe.txt", "socket.md"]) t.match(odd.out, `${name} is no regular file, and was left out`)
    const broken = await cli(folder, ["knowledge", "add", "broken", "odd"])
    t.match(broken, { code: 1, out: /broken: 1 documents[^]*left out: broken\/b\.pdf[^]*odd: 1 documents/ }, where)
  }
  await adds("without a node")
  const node = await startNode(data, ["--config", join(folder, "llmagentos.yaml")])
  t.teardown(() => node.kill())
  await adds("beside a node")
})

t.test("a folder given by a program tells what is no regular file", async (t) => {
  const folder = t.testdir({ "a.md": "The copper lantern hangs there." })
  await promisify(execFile)("mkfifo", [join(folder, "pipe.txt")])
  const os = await createAgentOS({ data: "memory", knowledge: { shipped: false } })
  t.teardown(() => os.stop())
  t.match(await os.knowledge.addFolder(folder), {
    documents: 1,
    notes: ["pipe.txt is no regular file, and was left out"],
  })
})
