/**
 * A real PostgreSQL for a test file: a server of its own in a temporary folder, on a free port of the loopback and with fsync on, ended by its process id.
 * The binaries are those of this machine. PostgreSQL refuses to run as root, so root starts it as `postgres` or `nobody`.
 */
import { execFile, spawn, type ChildProcess } from "node:child_process"
import { appendFile, chown, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises"
import { createServer, type AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { promisify } from "node:util"
import pg from "pg"

const run = promisify(execFile)
const password = "opens/the:door"

export interface PostgresServer {
  readonly url: string
  /** The URL with another password, database, ... */
  urlWith(part: { readonly password?: string; readonly database?: string }): string
  readonly folder: string
  /** Of the main process. */
  readonly pid: number
  /** One statement as the owner of everything. */
  sql(text: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>
  /** Stops it at once, with a checkpoint or, when `crash`, without. */
  stop(options?: { readonly crash?: boolean }): Promise<void>
  /** Starts it again on the same port. */
  start(): Promise<void>
  remove(): Promise<void>
}

/** Folder of the binaries; undefined when this machine has none. */
async function binaries(): Promise<string | undefined> {
  const root = "/usr/lib/postgresql"
  const versions = (await readdir(root).catch(() => [])).sort((a, b) => Number(b) - Number(a))
  const folders = [...versions.map((version) => join(root, version, "bin")), ...(process.env["PATH"] ?? "").split(delimiter)] // prettier-ignore
  for (const folder of folders)
    if ((await exists(join(folder, "initdb"))) && (await exists(join(folder, "postgres")))) return folder
  return undefined
}

const exists = (path: string): Promise<boolean> => stat(path).then(() => true, () => false) // prettier-ignore

/** Where a server listens beside the loopback, and to whom. */
export interface PostgresDoor {
  readonly address: string
  /** As `10.0.0.0/24`. */
  readonly network: string
}

/** A server, or why there is none. @throws when there is none in continuous integration, which installs it where it can */
export async function startPostgres(door?: PostgresDoor): Promise<PostgresServer | string> {
  let bin = await binaries()
  if (bin === undefined && process.env["CI"] === "true") {
    await run("apt-get", ["update"]).catch(() => undefined)
    await run("apt-get", ["install", "--yes", "--no-install-recommends", "postgresql"]).catch((error: unknown) => {
      throw new Error("PostgreSQL is needed in continuous integration and cannot be installed", { cause: error })
    })
    bin = await binaries()
  }
  if (bin === undefined) {
    if (process.env["CI"] === "true") throw new Error("PostgreSQL is needed in continuous integration")
    return "no PostgreSQL on this machine (Debian: apt-get install postgresql)"
  }
  return begin(bin, door)
}

async function begin(bin: string, door: PostgresDoor | undefined): Promise<PostgresServer> {
  const user = await unprivileged()
  const folder = await mkdtemp(join(tmpdir(), "llmagentos-postgres-"))
  if (user.uid !== undefined) await chown(folder, user.uid, user.gid ?? user.uid)
  const passwordFile = join(folder, "password")
  await writeFile(passwordFile, password, { mode: 0o644 })
  const data = join(folder, "data")
  await run(join(bin, "initdb"), ["-D", data, "-U", "owner", "-A", "scram-sha-256", `--pwfile=${passwordFile}`, "-E", "UTF8", "--locale=C", "--no-sync"], { ...user, cwd: folder }) // prettier-ignore
  if (door !== undefined) await appendFile(join(data, "pg_hba.conf"), `host all all ${door.network} scram-sha-256\n`)
  const port = await freePort()
  let server: ChildProcess | undefined
  const urlWith = (part: { readonly password?: string; readonly database?: string }): string =>
    `postgres://owner:${encodeURIComponent(part.password ?? password)}@${door?.address ?? "127.0.0.1"}:${port}/${part.database ?? "postgres"}`
  const url = urlWith({})
  const sql = async (text: string, values: readonly unknown[] = []): Promise<readonly Record<string, unknown>[]> => {
    const client = new pg.Client({ connectionString: url })
    client.on("error", () => undefined)
    await client.connect()
    try {
      return (await client.query<Record<string, unknown>>(text, [...values])).rows
    } finally {
      await client.end()
    }
  }
  const start = async (): Promise<void> => {
    const log: string[] = []
    const settings = { listen_addresses: ["127.0.0.1", ...(door === undefined ? [] : [door.address])].join(","), unix_socket_directories: folder, fsync: "on", shared_buffers: "128MB", deadlock_timeout: "100ms" } // prettier-ignore
    // After a crash, one call for the whole file system in place of one for each file.
    if (process.platform === "linux") Object.assign(settings, { recovery_init_sync_method: "syncfs" })
    const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])
    server = spawn(join(bin, "postgres"), ["-D", data, "-p", String(port), ...flags], { ...user, cwd: folder, stdio: ["ignore", "ignore", "pipe"] }) // prettier-ignore
    server.stderr?.setEncoding("utf8").on("data", (text: string) => log.push(text))
    for (let tries = 0; ; tries++) {
      const answered = await sql("SELECT 1").then(() => true, () => false) // prettier-ignore
      if (answered) return
      if (server.exitCode !== null || tries > 600) throw new Error(`PostgreSQL did not start: ${log.join("")}`)
      await sleep(50)
    }
  }
  const stop = async ({ crash = false } = {}): Promise<void> => {
    const running = server
    server = undefined
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return
    const ended = new Promise((done) => running.once("exit", done))
    running.kill(crash ? "SIGQUIT" : "SIGINT") // immediate or fast shutdown; its children end with it
    await ended
  }
  process.once("exit", () => server?.kill("SIGQUIT")) // a test that crashed leaves none behind
  await start()
  return {
    url,
    urlWith,
    folder,
    get pid() {
      return server?.pid as number
    },
    sql,
    start,
    stop,
    async remove() {
      await stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Whom root lets the server run as. */
async function unprivileged(): Promise<{ readonly uid?: number; readonly gid?: number }> {
  if (process.getuid?.() !== 0) return {}
  const users = (await readFile("/etc/passwd", "utf8")).split("\n").map((line) => line.split(":"))
  const [, , uid, gid] = users.find(([name]) => name === "postgres") ?? users.find(([name]) => name === "nobody") ?? []
  if (uid === undefined || gid === undefined) throw new Error("there is no user to run PostgreSQL as")
  return { uid: Number(uid), gid: Number(gid) }
}

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((done) => probe.listen(0, "127.0.0.1", done))
  const { port } = probe.address() as AddressInfo
  await new Promise((done) => probe.close(done))
  return port
}
