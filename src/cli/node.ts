/**
 * The node a command works with: the one that runs on this data folder, through its gateway, or, when none runs, the store itself, opened by this
 * process for as long as the command takes.
 *
 * Invariants
 *   N1. The node's token goes to nobody who has not proven first that it has it, too: the file that says where the
 *       node is may be left over, and another program may listen there by now.
 *   N2. A command takes up no run that a node left open: that would call models and tools, and be cut off with the
 *       command. Open runs go on at the next start.
 *   N3. A command that only looks makes no data folder.
 */
import { X509Certificate } from "node:crypto"
import { lstat, readFile } from "node:fs/promises"
import { join } from "node:path"
import { systemRandom } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import { restTransport } from "../client/rest-transport.js"
import { tlsFetch, type TlsFetch } from "../client/tls-fetch.js"
import type { Transport } from "../client/transport.js"
import { readNodeFile } from "../node-file.js"
import { createAgentOS, type AgentOS } from "../os.js"
import { challengeHeader, isProof, proofHeader } from "../security/proof.js"
import { readTokenFile } from "../security/token-file.js"
import { loadConfig, optionsOf, type GlobalOptions } from "./settings.js"

/** A node that runs already. */
export interface RemoteNode {
  readonly kind: "remote"
  readonly rest: string
  /** Calls an operation by its name. @throws the error that the node told */
  readonly call: Transport["call"]
}

export interface LocalNode {
  readonly kind: "local"
  readonly os: AgentOS
}

/** Whether a process of this id runs. */
function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"
  }
}

/** Finds the running node of a data folder. A node that was killed leaves its file behind; its port may be another node's by now. */
export async function findNode(data: string): Promise<RemoteNode | undefined> {
  const [place, token] = [await readNodeFile(join(data, "node.json")), await readTokenFile(join(data, "token"))]
  if (place === undefined || token === undefined || !runs(place.pid)) return undefined
  const secured = place.tls && (await trusting(place.tls))
  const { fetch } = secured ?? globalThis
  const nonce = Buffer.from(systemRandom.bytes(16)).toString("base64url")
  const proof = await fetch(`${place.rest}/healthz`, { headers: { [challengeHeader]: nonce }, redirect: "error" }).then(
    ({ headers }) => headers.get(proofHeader),
    () => undefined,
  )
  return isProof(proof, token, nonce) ? remoteNode(place.rest, token, secured) : undefined // N1
}

/** Speaks with whoever has the node's own certificate, whatever name that bears, and shows it that one. */
async function trusting(files: { readonly cert: string; readonly key: string }): Promise<TlsFetch> {
  const [cert, key] = await Promise.all([readFile(files.cert), readFile(files.key)])
  const ca = new X509Certificate(cert).toString()
  const checkServerIdentity = (): undefined => undefined
  return tlsFetch({ ca, cert, key, allowPartialTrustChain: true, checkServerIdentity, keepAlive: false })
}

/**
 * A node at an address.
 *
 * @param token a key or the node's own token; absent: without one
 * @param secured speaks with it; default: as with anybody
 */
export function remoteNode(rest: string, token?: string, secured?: TlsFetch): RemoteNode {
  return { kind: "remote", rest, call: restTransport(rest, token, secured).call }
}

/** The running node. @param advice what else may be done @throws `UNREACHABLE` where none runs */
export async function runningNode(options: GlobalOptions, advice: string): Promise<RemoteNode> {
  const { data } = await loadConfig(options)
  const node = await findNode(data)
  if (node !== undefined) return node
  throw new AgentOSError("UNREACHABLE", `no node runs on the data folder ${data}; ${advice}`)
}

/**
 * Works with the running node, or with one of its own, which is stopped after.
 *
 * @param looks whether it only looks (N3)
 */
export async function withNode<T>(
  options: GlobalOptions,
  work: (node: RemoteNode | LocalNode) => Promise<T>,
  { looks = false }: { readonly looks?: boolean } = {},
): Promise<T> {
  const config = await loadConfig(options)
  const remote = await findNode(config.data)
  if (remote !== undefined) return work(remote)
  const data = looks && (await isAbsent(config.data)) ? "memory" : config.data
  const os = await createAgentOS({ ...optionsOf(config), data, cluster: undefined, resume: false }) // N2
  try {
    return await work({ kind: "local", os })
  } finally {
    await os.stop()
  }
}

const isAbsent = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === "ENOENT",
  )
