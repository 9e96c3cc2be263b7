/** The section `cluster:` of the configuration: what makes a node a member of a cluster. */
import { z } from "zod"

const environmentVariable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "name an environment variable")
/** A text that may differ from node to node where they share a file: `${NAME}` in it is the value of an environment variable. */
const shared = z
  .string()
  .overwrite((text) => text.replaceAll(/\$\{(\w+)\}/g, (whole, variable: string) => process.env[variable] ?? whole))
  .refine((text) => !text.includes("${"), { error: ({ input }) => `no such environment variable: ${String(input)}`, abort: true }) // prettier-ignore
const nodeName = shared.regex(
  /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/,
  "use 1 to 63 letters, digits, `-`, `_` or `.`, the first a letter or digit",
)
const address = shared.regex(/^(\[[0-9A-Fa-f:.]+\]|[^\s:[\]/]+):[0-9]{1,5}$/, "use HOST:PORT")
const roles = z
  .array(z.string())
  .default([])
  .describe("What the node is for, in words of your own; placement can be bound to a role.")
const capacity = z
  .number()
  .min(0)
  .default(1)
  .describe("Its share of the entities, relative to the others': 2 gets twice as many as 1, 0 none.")

const tlsFiles = {
  ca: z.string().describe("PEM file of the authority that signed the certificates of all nodes."),
  cert: z.string().describe("PEM file of this node's certificate."),
  key: z.string().describe("PEM file of its key."),
}

/** What is wrong across fields is told beside what is wrong in others, whose values are then as they were given. */
export const isObject = ({ value }: { readonly value: unknown }): boolean => typeof value === "object" && value !== null

const consulSchema = z
  .strictObject({
    kind: z.literal("consul").describe("Consul tells who is there, and decides who may try to own what."),
    address: shared.default("127.0.0.1:8500").describe("`HOST:PORT` of the Consul agent on this machine, or a URL."),
    tokenEnv: environmentVariable.optional().describe("Environment variable that holds Consul's ACL token."),
    tls: z
      .strictObject({
        ca: tlsFiles.ca.optional(),
        cert: tlsFiles.cert.optional(),
        key: tlsFiles.key.optional(),
        serverName: z.string().optional().describe("Name that the agent's certificate is for, if not its address."),
      })
      .optional()
      .describe("Certificates for an agent that speaks https only."),
  })
  .describe("Consul.")

const staticSchema = z
  .strictObject({
    kind: z.literal("static").describe("A fixed list of nodes, the same on each; nothing ever moves."),
    nodes: z
      .array(
        z.strictObject({
          name: nodeName.describe("Name of the node."),
          address: address.describe("Where its peers reach it."),
          roles,
          capacity,
        }),
      ) // prettier-ignore
      .min(1)
      .describe("All nodes, this one too."),
  })
  .describe("A list.")

export const clusterSchema = z
  .strictObject({
    name: nodeName.optional().describe("Name of the cluster, the same on every node; default the system's `name`."),
    node: nodeName.describe(
      "Name of this node: its own, and the same after a restart. `${NAME}` in a name or address of this section stands for an environment variable, so that nodes can share a file: `${HOSTNAME}`.",
    ),
    roles,
    capacity,
    models: z
      .array(z.string())
      .optional()
      .describe("Models that this node runs for the whole cluster, by name; default all that it has. `[]`: none."),
    gpu: z.boolean().default(false).describe("Whether its models have a GPU. For people and for placement by it."),
    listen: address.describe("`HOST:PORT` that other nodes connect to. Port 0 takes a free one."),
    advertise: address
      .optional()
      .describe("`HOST:PORT` at which others reach it, when that is another; needed when it listens on all addresses."),
    registry: z
      .discriminatedUnion("kind", [consulSchema, staticSchema])
      .prefault({ kind: "consul" })
      .describe("How nodes find each other."),
    tls: z
      .strictObject(tlsFiles)
      .optional()
      .describe("Certificates by which nodes know each other; read again when the files change. Without them, only a network that is closed keeps strangers out."), // prettier-ignore
    shards: z
      .int()
      .min(1)
      .max(65_536)
      .default(1024)
      .describe(
        "Parts that entities are dealt into: the same on every node, and for ever. More spread more evenly and cost a lock each.",
      ),
    leaveMs: z
      .int()
      .min(0)
      .default(10_000)
      .describe(
        "Milliseconds that a node which stops may take to give away what it owns; then it goes, and others take it over.",
      ),
  })
  .refine(({ listen, advertise }) => advertise !== undefined || !/^(0\.0\.0\.0|\[::\]):/.test(String(listen)), {
    path: ["advertise"],
    message: "the node listens on all addresses: say at which of them others reach it, HOST:PORT",
    when: isObject,
  })
  .refine(
    ({ registry, node }) =>
      registry?.kind !== "static" || !Array.isArray(registry.nodes) || registry.nodes.some((one) => one?.name === node),
    {
      path: ["registry", "nodes"],
      message: "this node is not in the list",
      when: isObject,
    },
  )
  .describe("The node's part in a cluster. Absent: it is alone.")

export type ClusterConfig = z.output<typeof clusterSchema>
