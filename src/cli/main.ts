#!/usr/bin/env node
/**
 * The command line. Each command is loaded when it is called, so that `--help` and `start` stay quick.
 */
import { Command, InvalidArgumentError } from "commander"
import { fail } from "./failure.js"

process.umask(0o077) // what it writes is its owner's: stores, keys, logs

const program = new Command("llmagentos")
  .description("An operating system for LLM agents: ask a question, agents answer it, on this machine.")
  .showHelpAfterError("(add --help for the options)")
  .option("-c, --config <file>", "configuration file (default: llmagentos.yaml here, if there is one)")
  .option("-d, --data <folder>", "folder that holds everything durable (default: data)")

const number = (text: string): number => {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("It is a whole number.")
  return Number(text)
}
const collect = (value: string, before: string[]) => [...before, value]

program
  .command("start")
  .description("Start a node: agents, gateway and status page. With a question, answer it first.")
  .argument("[question...]", "a question for the shipped agents")
  .option("--once", "end after the answer instead of serving")
  .option("-k, --knowledge <folder>", "add the documents of a folder (may be given more than once)", collect, [])
  .option("-t, --target <name>", "agent or topology that answers", "ask")
  .option("--host <address>", "address to listen on")
  .option("-p, --port <port>", "port of REST and the status page", number)
  .option("--grpc-port <port>", "port of gRPC", number)
  .option("--conversation <id>", "conversation that questions belong to", "terminal")
  .addHelpText(
    "after",
    `
Examples:
  llmagentos start "What is 48 * 17, and where is actor state kept?"
  llmagentos start --knowledge ./handbook --once "Where is the release checklist kept?"
  llmagentos start                       # in a terminal: a chat prompt`,
  )
  .action(async (words: string[], _options, command: Command) => {
    const { start } = await import("./start.js")
    await start(words.join(" "), command.optsWithGlobals())
  })

program
  .command("run")
  .description("Ask an agent or topology once, and print only its answer.")
  .argument("<target>", "agent or topology")
  .argument("<input...>", "what to ask")
  .option("--json", "print the whole result as JSON")
  .option("--conversation <id>", "remember what is said under this id")
  .action(async (target: string, words: string[], _options, command: Command) => {
    const { run } = await import("./run.js")
    await run(target, words.join(" "), command.optsWithGlobals())
  })

program
  .command("chat")
  .description("Talk with an agent or topology in this terminal; what is said is remembered.")
  .argument("[target]", "agent or topology", "ask")
  .option("--conversation <id>", "conversation to go on with", "terminal")
  .action(async (target: string, _options, command: Command) => {
    const { chat } = await import("./chat.js")
    await chat(target, command.optsWithGlobals())
  })

const agents = program.command("agents").description("See and steer the agents of a node.")
for (const [verb, text] of [
  ["list", "every agent with its state, replicas and queue"],
  ["describe", "one agent in full"],
  ["start", "start an agent"],
  ["stop", "stop an agent; what it works on is cancelled"],
  ["restart", "stop and start an agent"],
] as const) {
  const command = agents.command(verb, verb === "list" ? { isDefault: true } : {}).description(text)
  if (verb !== "list") command.argument("<name>", "agent")
  command.action(async (...args: unknown[]) => {
    const self = args.at(-1) as Command
    const { agentsCommand } = await import("./agents.js")
    await agentsCommand(verb, verb === "list" ? undefined : String(args[0]), self.optsWithGlobals())
  })
}
agents
  .command("replicate")
  .description("set how many copies of an agent share its load")
  .argument("<name>", "agent")
  .argument("<count>", "copies", number)
  .action(async (name: string, count: number, _options, command: Command) => {
    const { replicateCommand } = await import("./agents.js")
    await replicateCommand(name, count, command.optsWithGlobals())
  })

program
  .command("actors")
  .description("Show a node's actors as their supervisors hold them.")
  .option("--most-children <count>", "children shown of each actor", number, 20)
  .action(async (_options, command: Command) => {
    const { actorsCommand } = await import("./actors.js")
    await actorsCommand(command.optsWithGlobals())
  })

program
  .command("runs")
  .description("List the runs of a node: those that go on, and those of late.")
  .option("--json", "print them as JSON")
  .action(async (_options, command: Command) => {
    const { runsCommand } = await import("./runs.js")
    await runsCommand(command.optsWithGlobals())
  })

program
  .command("topology")
  .description("Work with topology files.")
  .command("check")
  .description("check a YAML topology and say what is wrong, where, and what would be right")
  .argument("<files...>", "YAML files")
  .action(async (files: string[], _options, command: Command) => {
    const { checkTopologies } = await import("./topology.js")
    await checkTopologies(files, command.optsWithGlobals())
  })

const knowledge = program.command("knowledge").description("Add documents, and search them.")
knowledge
  .command("add")
  .description("add a file or every document of a folder (text, Markdown, HTML, PDF)")
  .argument("<paths...>", "files or folders")
  .action(async (paths: string[], _options, command: Command) => {
    const { addKnowledge } = await import("./knowledge.js")
    await addKnowledge(paths, command.optsWithGlobals())
  })
knowledge
  .command("list")
  .description("list every document")
  .action(async (_options, command: Command) => {
    const { listKnowledge } = await import("./knowledge.js")
    await listKnowledge(command.optsWithGlobals())
  })
knowledge
  .command("remove")
  .description("remove documents")
  .argument("<ids...>", "ids, as `knowledge list` shows them")
  .action(async (ids: string[], _options, command: Command) => {
    const { removeKnowledge } = await import("./knowledge.js")
    await removeKnowledge(ids, command.optsWithGlobals())
  })
knowledge
  .command("search")
  .description("search the knowledge base")
  .argument("<query...>", "words")
  .option("-n, --limit <count>", "most hits", number, 5)
  .action(async (words: string[], _options, command: Command) => {
    const { searchKnowledge } = await import("./knowledge.js")
    await searchKnowledge(words.join(" "), command.optsWithGlobals())
  })

const store = program.command("store").description("Look after the store of a node that is not running.")
store
  .command("verify")
  .description("read every record and name each damage")
  .action(async (_options, command: Command) => {
    const { verifyCommand } = await import("./store.js")
    await verifyCommand(command.optsWithGlobals())
  })
store
  .command("backup")
  .description("copy the store into an empty folder")
  .argument("<folder>", "where the copy goes")
  .action(async (folder: string, _options, command: Command) => {
    const { backupCommand } = await import("./store.js")
    await backupCommand(folder, command.optsWithGlobals())
  })
store
  .command("move")
  .description("move everything into another store: a folder or PostgreSQL")
  .argument("<to>", "an empty folder, or postgres://user@host/database?schema=NAME (password: PGPASSWORD)")
  .option("--from <store>", "a folder or postgres://... (default: the store of this node)")
  .action(async (to: string, _options, command: Command) => {
    const { moveCommand } = await import("./store.js")
    await moveCommand(to, command.optsWithGlobals())
  })
store
  .command("repair")
  .description("open a store that does not open, and set damaged records aside into a file")
  .option("--cut-tails", "set aside, too, the events that follow a lost one, so that their actor works again")
  .action(async (_options, command: Command) => {
    const { repairCommand } = await import("./store.js")
    await repairCommand(command.optsWithGlobals())
  })

const cluster = program
  .command("cluster")
  .description("See and steer a cluster through any of its nodes, or start one on this machine.")
const ofCluster = (command: Command): Command =>
  command.option("--url <url>", "REST address of any node (default: the node on this data folder); key: LLMAGENTOS_KEY")
ofCluster(cluster.command("status"))
  .description("every member with its state, shards and load; ends with 1 when something is down")
  .option("--json", "print it as JSON")
  .action(async (_options, command: Command) => {
    const { clusterStatus } = await import("./cluster.js")
    await clusterStatus(command.optsWithGlobals())
  })
ofCluster(cluster.command("drain"))
  .description("give all shards of a node to the others; it stays a member and takes none until `undrain`")
  .argument("[node]", "name of a member (default: the node that is asked)")
  .action(async (node: string | undefined, _options, command: Command) => {
    const { drainNode } = await import("./cluster.js")
    await drainNode(node, command.optsWithGlobals())
  })
ofCluster(cluster.command("undrain"))
  .description("let a node that was drained take shards again")
  .argument("[node]", "name of a member (default: the node that is asked)")
  .action(async (node: string | undefined, _options, command: Command) => {
    const { undrainNode } = await import("./cluster.js")
    await undrainNode(node, command.optsWithGlobals())
  })
ofCluster(cluster.command("leave"))
  .description("drain a node and end it")
  .argument("[node]", "name of a member (default: the node that is asked)")
  .action(async (node: string | undefined, _options, command: Command) => {
    const { leaveCluster } = await import("./cluster.js")
    await leaveCluster(node, command.optsWithGlobals())
  })
ofCluster(cluster.command("rebalance"))
  .description("move shards to where they should be")
  .option("--dry-run", "only show each node's share before and after, the moves and how long they take")
  .option("--json", "print it as JSON")
  .action(async (_options, command: Command) => {
    const { rebalanceCluster } = await import("./cluster.js")
    await rebalanceCluster(command.optsWithGlobals())
  })
ofCluster(cluster.command("forget"))
  .description("declare a node lost for good, and the state that lies only there")
  .argument("<node>", "name of a member that is down")
  .option("-y, --yes", "do not ask")
  .action(async (node: string, _options, command: Command) => {
    const { forgetNode } = await import("./cluster.js")
    await forgetNode(node, command.optsWithGlobals())
  })
cluster
  .command("up")
  .description("start a cluster on this machine, with a Consul of its own, to try things out")
  .option("-n, --nodes <count>", "nodes to start", number, 3)
  .option("-f, --folder <folder>", "folder for the data of all of them", "cluster-data")
  .option("--store <url>", "keep state in PostgreSQL (postgres://...) instead of on the nodes")
  .action(async (_options, command: Command) => {
    const { clusterUp } = await import("./cluster-up.js")
    await clusterUp(command.optsWithGlobals())
  })

const keys = program.command("keys").description("API keys of a node.")
keys
  .command("create")
  .description("make a key; it is shown once")
  .argument("<name>", "what the key is for")
  .option("--requests-per-minute <count>", "its own limit; a tenth of it may come at once", number)
  .option("--tenant <name>", "whose runs, conversations and knowledge it is for; default: default")
  .action(async (name: string, _options, command: Command) => {
    const { createKey } = await import("./keys.js")
    await createKey(name, command.optsWithGlobals())
  })
keys
  .command("list")
  .description("every key, without its secret")
  .action(async (_options, command: Command) => {
    const { listKeys } = await import("./keys.js")
    await listKeys(command.optsWithGlobals())
  })
keys
  .command("revoke")
  .description("refuse a key from now on")
  .argument("<id>", "key id")
  .action(async (id: string, _options, command: Command) => {
    const { revokeKey } = await import("./keys.js")
    await revokeKey(id, command.optsWithGlobals())
  })

program
  .command("train")
  .description("Train a model of this project from scratch: `train scribe`. `train --help-all` lists its options.")
  .argument("<args...>", "name of the model, then options of the trainer")
  .allowUnknownOption()
  .helpOption(false)
  .action(async (args: string[]) => {
    const { trainCommand } = await import("../models/training/command.js")
    await trainCommand(args)
  })

program
  .command("bench")
  .description("Run a benchmark of this project and print it beside its peers.")
  .argument("[args...]", "name, then options")
  .allowUnknownOption()
  .action(async (args: string[]) => {
    const { bench } = await import("./bench.js")
    await bench(args)
  })

program
  .command("doctor")
  .description("See what this machine offers: backends, Consul, disk, ports; and how to install what is missing.")
  .action(async (_options, command: Command) => {
    const { doctor } = await import("./doctor.js")
    await doctor(command.optsWithGlobals())
  })

// Whoever reads the output may stop reading, as `head` does; the work goes on.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error
})
program.parseAsync().catch(fail)
