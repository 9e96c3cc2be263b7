/**
 * What an operation is: one entry that all doors, the client and the reference derive from.
 *
 * Invariants
 *   T1. An entry says everything of its operation: who may call it, where it stands over HTTP, the form of what it
 *       takes and answers, the errors that it has beside those of every operation, and what it does.
 *   T2. What it takes and answers are JSON values. Over HTTP the parameters of the path, those of the query and the
 *       body together are the one value that it takes; over gRPC it is the message.
 *   T3. A handler knows no door; what a request carries beside its value is in the `Call`.
 */
import type { z } from "zod"
import type { Role } from "../../security/roles.js"
import type { Code } from "../faces.js"
import type { Call, Service } from "../service.js"
import type { Wire } from "../wire.js"

/** What can be said of an operation without doing it. */
export interface Contract {
  /** Absent: it is open to everyone. */
  readonly role?: Role
  readonly tag: string
  readonly summary: string
  /** A parameter of the path is a property of the input: `/v1/agents/:name`. */
  readonly rest: { readonly method: "GET" | "POST" | "DELETE"; readonly path: string }
  readonly input: z.ZodObject
  /** Of the answer; of each event, where it streams. */
  readonly output: z.ZodType
  /** Beside `everywhere`. */
  readonly errors: readonly Code[]
  /** Answers with another status than 200 that are no errors. */
  readonly answers?: Readonly<Record<number, z.ZodType>>
  /** Whether it answers with events, too, where that is asked for in the body. */
  readonly events?: boolean
  /** What the answer is over HTTP, when it is not JSON. */
  readonly media?: string
}

/** What a schema gives, read only. */
export type Plain<Value> = Value extends readonly (infer Item)[]
  ? readonly Plain<Item>[]
  : Value extends object
    ? { readonly [Key in keyof Value]: Plain<Value[Key]> }
    : Value

/** What is asked for over both doors, and by clients: it has a role, and messages. */
interface Typed<Input extends z.ZodObject, Output extends z.ZodType> extends Contract {
  readonly role: Role
  readonly input: Input
  readonly output: Output
  readonly wire: Wire
}

/** One question, one answer. */
export interface Operation<Input extends z.ZodObject = z.ZodObject, Output extends z.ZodType = z.ZodType> extends Typed<
  Input,
  Output
> {
  handle(input: z.output<Input>, call: Call, service: Service): Promise<Plain<z.input<Output>>>
}

/** One question, many events: server-sent over HTTP, a stream of messages over gRPC. */
export interface StreamOperation<
  Input extends z.ZodObject = z.ZodObject,
  Output extends z.ZodType = z.ZodType,
> extends Typed<Input, Output> {
  /** The name of a server-sent event. */
  eventOf(event: Plain<z.input<Output>>): string
  /** Throws before the first event what can be known then. Ends when the call is called off. */
  follow(input: z.output<Input>, call: Call, service: Service): AsyncIterable<Plain<z.input<Output>>>
}

export const operation = <Input extends z.ZodObject, Output extends z.ZodType>(
  entry: Operation<Input, Output>,
): Operation<Input, Output> => entry

export const streamOperation = <Input extends z.ZodObject, Output extends z.ZodType>(
  entry: StreamOperation<Input, Output>,
): StreamOperation<Input, Output> => entry

/** What any operation may answer. */
export const everywhere = [
  "INVALID_REQUEST",
  "INVALID_NAME",
  "UNAUTHENTICATED",
  "FORBIDDEN",
  "FOREIGN_HOST",
  "FOREIGN_ORIGIN",
  "PAYLOAD_TOO_LARGE",
  "HEADERS_TOO_LARGE",
  "RATE_LIMITED",
  "NODE_STOPPING",
  "SYSTEM_STOPPED",
  "INTERNAL",
] as const satisfies readonly Code[]

/** What a store may answer. */
export const ofStores = ["DISK_FULL", "JOURNAL_FAILED", "STORE_FAILED"] as const satisfies readonly Code[]
