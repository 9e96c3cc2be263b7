/** The table of operations: what a node does for whoever is at one of its doors. To add one, add an entry and its messages. */
import type { z } from "zod"
import { actors } from "./operations/actors.js"
import { agents } from "./operations/agents.js"
import { clusters } from "./operations/cluster.js"
import { keys } from "./operations/keys.js"
import { knowledge } from "./operations/knowledge.js"
import type { Operation, Plain, StreamOperation } from "./operations/operation.js"
import { runs } from "./operations/runs.js"
import { topologies } from "./operations/topologies.js"

export const operations = { ...runs, ...agents, ...topologies, ...knowledge, ...actors, ...keys, ...clusters }

type Table = typeof operations

/** Every operation by name, for what is done with all of them alike. */
export const everyOperation: readonly (readonly [string, Operation | StreamOperation])[] = Object.entries(operations)

export const isStream = (operation: Operation | StreamOperation): operation is StreamOperation => "follow" in operation

type Names<Kind> = { [Name in keyof Table]: Table[Name] extends Kind ? Name : never }[keyof Table]
/** An operation with one answer. */
export type UnaryName = Names<{ handle(...parts: never): unknown }>
/** One with many events. */
export type StreamName = Names<{ follow(...parts: never): unknown }>

/** What an operation takes. */
export type InputOf<Name extends keyof Table> = Plain<z.input<Table[Name]["input"]>>
/** What it answers; of a stream, each event. */
export type OutputOf<Name extends keyof Table> = Plain<z.output<Table[Name]["output"]>>
