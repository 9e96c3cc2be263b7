/**
 * Notes of the runs that are not ended, and who carries them out: so that what a process leaves unfinished goes on,
 * at its next start or on another node.
 *
 * Invariants
 *   R1. A note is written before its run is begun and deleted after it has ended. It says where to look; whose a run
 *       is, its log says.
 *   R2. Where several nodes share the journal, nobody goes on with a run before it has written that it took over,
 *       after all that was written before. Of two that try one succeeds; the owner from before can write nothing
 *       after it, so it makes no further tool call.
 *   R3. Each node has a note of its own for a run, so that no node's end of it deletes another's.
 */
import { joined, parted } from "#actors/names.js"
import type { Journal, PersistenceId } from "#actors/persistence/journal.js"
import { AgentOSError } from "#actors/errors.js"
import type { RecordStore } from "../record-store.js"
import { JournalLog } from "./journal-log.js"
import type { Kept, Note } from "./kept.js"
import { sizeOf } from "./run-log.js"

/** A run that is open, as its note says. */
export interface OpenRun {
  readonly tenant: string
  readonly runId: string
  /** The node that wrote the note; empty: a process that shares its journal with nobody. */
  readonly node: string
  /** Under which the note stands. */
  readonly key?: string
  /** The hash of what it began with; absent in notes from before. */
  readonly definition?: string
}

export class OpenRuns {
  readonly #records: RecordStore
  readonly #journal: Journal
  /** This node; undefined: it shares its journal with nobody. */
  readonly #node: string | undefined
  readonly #kept: Kept

  constructor(records: RecordStore, journal: Journal, kept: Kept, node: string | undefined) {
    this.#records = records
    this.#journal = journal
    this.#kept = kept
    this.#node = node
  }

  /**
   * @param definition the hash of what it began with
   * @param again it was noted as one that had ended, for now
   */
  note(tenant: string, runId: string, definition: string | undefined, again = false): Promise<void> {
    const open = [this.#key(tenant, runId), definition ?? true] as const
    return this.#records.write(again ? [open, this.#kept.change(actorOf(tenant, runId), undefined)] : [open])
  }

  /** A run has ended, or is interrupted. */
  async strike(tenant: string, runId: string, log: JournalLog): Promise<void> {
    const ended = this.#kept.change(actorOf(tenant, runId), noteOf(log))
    await this.#records.write([[this.#key(tenant, runId), undefined], ended]).catch(() => undefined) // found out when it is read
  }

  /** A run that never began leaves nothing. */
  async forget(tenant: string, runId: string): Promise<void> {
    const actor = actorOf(tenant, runId)
    await this.#journal.remove(actor)
    await this.#records.write([[this.#key(tenant, runId), undefined], this.#kept.change(actor, undefined)])
  }

  async *all(): AsyncGenerator<OpenRun> {
    for await (const [key, definition] of this.#records.entries("open")) {
      const [, tenant = "", runId = "", node = ""] = key.startsWith(oldPrefix) ? key.split("\u0000") : parted(key)
      yield { tenant, runId, node, key, ...(typeof definition === "string" ? { definition } : {}) }
    }
  }

  /**
   * Makes a run that another process began one of this node (R2).
   *
   * @param mayTake whether the runs of a node are to be had
   * @returns its log, or undefined when there is nothing to go on with, or it is another's
   */
  async claim(run: OpenRun, mayTake: (owner: string) => boolean): Promise<JournalLog | undefined> {
    const log = await JournalLog.open(this.#journal, run.tenant, run.runId)
    const { started, ended, failed, interrupted, owner = "" } = log.state
    // One that is not begun may be about to be: only its own node knows that it is not.
    const over =
      ended !== undefined ||
      failed !== undefined ||
      interrupted !== undefined ||
      (started === undefined && (run.node === "" || run.node === this.#node))
    if (over || (started !== undefined && owner !== run.node && !mayTake(owner))) await this.#forget(run)
    if (over && started !== undefined)
      await this.#records.write([this.#kept.change(actorOf(run.tenant, run.runId), noteOf(log))])
    if (over || started === undefined || !mayTake(owner)) return undefined
    if (this.#node === undefined) return log
    try {
      await log.takeOver(this.#node)
    } catch (error) {
      if (AgentOSError.from(error).code === "RUN_MOVED") return undefined
      throw error
    }
    await this.note(run.tenant, run.runId, started.definition)
    if (run.node !== this.#node || run.key?.startsWith(oldPrefix) === true) await this.#forget(run)
    return log
  }

  #key(tenant: string, runId: string): string {
    return keyOf({ tenant, runId, node: this.#node ?? "" })
  }

  #forget(run: OpenRun): Promise<void> {
    return this.#records.write([[run.key ?? keyOf(run), undefined]])
  }
}

const actorOf = (tenant: string, runId: string): PersistenceId => ({ tenant, type: "run", key: runId })

function noteOf({ state, sequence }: JournalLog): Omit<Note, "at"> {
  const { target = "", caller } = state.started ?? {}
  return { size: sizeOf(state), run: { sequence, target, ...(caller === undefined ? {} : { caller }) } }
}

/** Notes of stores from before. */
const oldPrefix = "open\u0000"
const keyOf = ({ tenant, runId, node }: OpenRun): string =>
  joined("open", tenant, runId, ...(node === "" ? [] : [node]))
