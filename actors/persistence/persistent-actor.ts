/**
 * What a user writes for an actor whose state is what its events made of it; `persisted-context.ts` is how it runs.
 */
import { checkedDefinition, type ActorContext, type ActorDefinition, type ErasedHandler, titleOf } from "../actor.js"
import type { EntityId } from "../entities.js"
import { AgentOSError } from "../errors.js"
import { byName } from "../names.js"
import { checkNumber, checkNumbers, count, countOrAll, durationOrNever, periodOrNever, wholeOrAll } from "../numbers.js"
import type { ActorRef, MessageType, PayloadOf as MessageOf, ProtocolOf } from "../ref.js"
import { checkObject, checkOptions } from "../words.js"
import { checkFolds } from "./folds.js"
import { isReserved, type Delivery } from "./outbox.js"
import { command, outboxHandlers, PersistedContext } from "./persisted-context.js"
import { Persisted } from "./persisted.js"

/** How events change state. */
export type EventFolds<State> = { readonly [name: string]: (state: State, payload: never) => void }

/** Undefined for an event without one. */
type PayloadOf<Fold> = Fold extends (state: never, ...payload: infer Payload) => void
  ? Payload extends []
    ? undefined
    : Payload[0]
  : never
type DeepReadonly<T> = T extends (...args: never[]) => unknown
  ? T
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T

declare const stored: unique symbol

/** A definition that says which events its actors store. */
export interface StoresEvents<Events> {
  readonly [stored]?: Events
}

/** The events of a definition; never for one that does not say. */
export type EventsOf<Definition> = typeof stored extends keyof Definition
  ? Definition extends StoresEvents<infer Events>
    ? Events
    : never
  : never

/** What is kept of the past; default: all of it. */
export interface Retention {
  /**
   * Events kept behind each snapshot; older ones are deleted when it is stored, save those from the oldest open
   * delivery on, and those that a projection has not stored yet. They are then lost to read models that begin anew.
   */
  readonly keepEvents?: number
  /** How long the answer of a command is remembered; the same id after that is a new command. */
  readonly keepCommandsMs?: number
}

export interface PersistentSpec<State, Events extends EventFolds<State>> {
  /** Stable: it stands in every record. */
  readonly name: string
  /** Version of the events; raise it when their form changes, and say in `upgrade` how the old become the new. */
  readonly version: number
  readonly state: () => State
  readonly events: Events
  /**
   * By the version an event was stored with: the event in the form of the next version. Without any, old events are
   * folded as they are; with some, none may be left out.
   */
  readonly upgrade?: {
    readonly [version: number]: (event: { readonly name: string; readonly payload: unknown }) => {
      readonly name: string
      readonly payload: unknown
    }
  }
  /**
   * By the version a snapshot was stored with: the state in the form of the next version. Without it such a snapshot
   * is not used.
   */
  readonly upgradeState?: { readonly [version: number]: (state: unknown) => unknown }
  readonly retention?: Retention
  /**
   * Events between two snapshots, for a state that grows by what it is; default 1,000, also when the function throws
   * or gives what is no number from 1 on (the log says so).
   */
  readonly snapshotEvery?: number | ((state: State) => number)
  readonly passivateAfterMs?: number
  /** As of every actor. */
  readonly module?: string
  readonly placement?: "worker"
}

const options: Readonly<Record<keyof PersistentSpec<unknown, never>, true>> = {
  name: true,
  version: true,
  state: true,
  events: true,
  upgrade: true,
  upgradeState: true,
  retention: true,
  snapshotEvery: true,
  passivateAfterMs: true,
  module: true,
  placement: true,
}

/** What handlers of a persistent actor are given: state to read, and the only ways to change it. */
export interface PersistentContext<State, Events> extends Omit<ActorContext<DeepReadonly<State>>, "state"> {
  readonly state: DeepReadonly<State>
  /**
   * Resolves when the event is durable and folded. With a command id the event is folded at once and becomes durable
   * with the answer (P5).
   * @throws `JOURNAL_FAILED`
   */
  persist<Name extends keyof Events & string>(
    name: Name,
    ...payload: undefined extends PayloadOf<Events[Name]>
      ? [payload?: PayloadOf<Events[Name]>]
      : [payload: PayloadOf<Events[Name]>]
  ): Promise<void>
  /** Several events, all or none. */
  persistAll(
    events: readonly {
      readonly [Name in keyof Events & string]: { readonly name: Name; readonly payload: PayloadOf<Events[Name]> }
    }[keyof Events & string][],
    ...deliveries: readonly Delivery[]
  ): Promise<void>
  /**
   * Sends an entity a message that outlives this process: it is stored as an event, in order per receiver, and sent
   * until it is answered, under a command id of its own, so that a persistent receiver carries it out once. Its answer
   * is not seen. `delivery` makes one that goes with other events in one `persistAll`.
   */
  deliver<P, K extends MessageType<P>>(ref: ActorRef<P>, type: K, ...payload: MessageOf<P, K>): Promise<void>
}

export interface PersistentBuilder<State, Events extends EventFolds<State>> {
  /** The second step: commands. A handler returns the reply. */
  receive<
    Handlers extends { readonly [type: string]: (ctx: PersistentContext<State, Events>, payload: never) => unknown },
  >(
    handlers: Handlers,
  ): ActorDefinition<ProtocolOf<Handlers>> & StoresEvents<Events>
}

/** A spec with its types put aside. */
export type AnyPersistentSpec = PersistentSpec<unknown, EventFolds<unknown>>

/** The specs of persistent definitions. */
const specs = new WeakMap<object, AnyPersistentSpec>()

/** What a persistent definition was made of; undefined for what is none. */
export const specOf = (definition: object): AnyPersistentSpec | undefined => specs.get(definition)

/** Defines a persistent actor in two steps, so that types can refuse a wrong event or payload. */
export function definePersistentActor<State, Events extends EventFolds<State>>(
  spec: PersistentSpec<State, Events>,
): PersistentBuilder<State, Events> {
  const title = titleOf(spec)
  const where = `${title}: `
  checkOptions("INVALID_DEFINITION", title, spec, options)
  checkObject("INVALID_DEFINITION", `${where}events`, spec.events ?? null)
  checkObject("INVALID_DEFINITION", `${where}upgrade`, spec.upgrade)
  checkObject("INVALID_DEFINITION", `${where}upgradeState`, spec.upgradeState)
  checkOptions("INVALID_DEFINITION", `${where}retention`, spec.retention, { keepEvents: true, keepCommandsMs: true })
  const reserved = Object.keys(spec.events).find(isReserved)
  if (reserved !== undefined)
    throw new AgentOSError(
      "INVALID_DEFINITION",
      `${where}the event ${JSON.stringify(reserved)} begins with $, as those of the runtime do`,
    )
  checkFolds(where, spec.events)
  const illFormed = Object.keys(spec.events).find((name) => !name.isWellFormed())
  if (illFormed !== undefined)
    throw new AgentOSError(
      "INVALID_DEFINITION",
      `${where}the event ${JSON.stringify(illFormed)} holds half of a surrogate pair, and would not be read back as it was`,
    )
  const known = { ...spec, events: byName(spec.events) } as unknown as AnyPersistentSpec
  checkNumber("INVALID_DEFINITION", `${where}version`, spec.version, count)
  checkNumbers("INVALID_DEFINITION", where, spec, { passivateAfterMs: periodOrNever })
  if (typeof spec.snapshotEvery !== "function")
    checkNumbers("INVALID_DEFINITION", where, spec, { snapshotEvery: countOrAll })
  checkNumbers("INVALID_DEFINITION", `${where}retention.`, spec.retention, { keepEvents: wholeOrAll, keepCommandsMs: durationOrNever }) // prettier-ignore
  return {
    receive(handlers) {
      const definition = checkedDefinition<ProtocolOf<typeof handlers>, undefined>({
        name: spec.name,
        persistent: true,
        state: (init) => {
          const { tenant, key } = init as EntityId
          return new Persisted(known, { tenant, type: spec.name, key })
        },
        context: (cell) => new PersistedContext(cell),
        started: (ctx) => (ctx as PersistedContext).recover(),
        stopping: (ctx) => (ctx as PersistedContext).leave(),
        receive: {
          ...Object.fromEntries(
            Object.entries(handlers).map(([type, handler]) => [
              type,
              command(type, handler as unknown as ErasedHandler),
            ]),
          ),
          ...outboxHandlers,
        },
        ...(spec.passivateAfterMs === undefined ? {} : { passivateAfterMs: spec.passivateAfterMs }),
        ...(spec.module === undefined ? {} : { module: spec.module }),
        ...(spec.placement === undefined ? {} : { placement: spec.placement }),
      })
      specs.set(definition, known)
      return definition
    },
  }
}
