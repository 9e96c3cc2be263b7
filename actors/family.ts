/**
 * The relations of one actor: the children it supervises, those it watches and those who watch it, those it is linked
 * to. Most actors have none, and no family.
 *
 * Invariants
 *   F1. Children stop before their parent, however it ends, the last started first; they are restarted in the order
 *       they were started.
 *   F2. A crash is decided on once: one that was overtaken by a restart (of the whole family, say) is not.
 *   F3. Restarts of one family follow each other.
 *   F4. What a life watched, was linked to and counted of its children's crashes ends with it; whoever watches it goes
 *       on watching.
 *   F5. A supervisor has one account of restarts for all of its children. At the root each child has its own:
 *       top-level actors and entities have nothing to do with each other. An entity never ends: one that crashed too
 *       often rests, longer and longer, and what waits for it is its next life's.
 *   F6. A supervisor that has crashed decides nothing more: its children are stopped before it is started again, or
 *       with it.
 */
import type { Cell } from "./cell.js"
import { Children } from "./children.js"
import {
  counted,
  decide,
  DEFAULT_SUPERVISION,
  nextAttempt,
  REST,
  type Attempts,
  type Backoff,
  type Exit,
  type Supervision,
} from "./supervision.js"
import { Limit } from "./timers.js"

export class Family {
  readonly #cell: Cell
  readonly children = new Children<Cell>()
  #names: Map<string, Cell> | undefined
  watchers: Set<Cell> | undefined
  #watched: Set<Cell> | undefined
  linked: Set<Cell> | undefined
  /** When children were restarted lately, by whose account it is: the family's own, or the child's (F5). */
  #restarts: Map<Cell, readonly number[]> | undefined
  #attempts: Map<Cell, Attempts> | undefined
  #restarting: Promise<void> | undefined
  #stopWaiters: ((exit: Exit) => void)[] | undefined
  #readyWaiters: ((started: boolean) => void)[] | undefined

  constructor(cell: Cell) {
    this.#cell = cell
  }

  // --- children -----------------------------------------------------------------------------------------------------

  child(name: string): Cell | undefined {
    return this.#names?.get(name)
  }

  adopt(child: Cell): void {
    this.children.add(child)
    const name = child.options?.name
    if (name !== undefined) (this.#names ??= new Map()).set(name, child)
  }

  lose(child: Cell): void {
    this.children.remove(child)
    this.#attempts?.delete(child)
    this.#restarts?.delete(child)
    const name = child.options?.name
    if (name !== undefined && this.#names?.get(name) === child) this.#names.delete(name)
  }

  /** F1 */
  async stopChildren(): Promise<void> {
    // Asked for one by one: one may be started while another is waited for.
    for (let { youngest } = this.children; youngest !== null; { youngest } = this.children) await youngest.stop()
  }

  /** Actors end with this one, or it is to hear of their end. */
  get attached(): boolean {
    return !this.children.empty || (this.#watched?.size ?? 0) > 0 || (this.linked?.size ?? 0) > 0
  }

  // --- supervision --------------------------------------------------------------------------------------------------

  /** @param life which life of the child ended (F2) */
  supervise(child: Cell, life: number, exit: Exit): void {
    const cell = this.#cell
    if (!child.alive || child.life !== life) return // F2
    if (cell.stopping || cell.suspended) return void child.stopChildrenThenEnd(exit) // F6
    const supervision: Supervision = {
      ...DEFAULT_SUPERVISION,
      ...cell.compiled.spec.supervision,
      ...cell.options?.supervision,
    }
    const now = cell.system.clock.monotonic()
    const account = cell.parent === null ? child : cell // F5
    const restarts = this.#restarts?.get(account) ?? []
    const directive = decide(supervision, child.options?.kind ?? "transient", exit, restarts, now)
    if (directive.do === "forget") return void child.stopChildrenThenEnd(exit)
    const givenUp = directive.do === "escalate"
    const rests = givenUp && child.options?.entity !== undefined && !cell.system.stopsWhenGivenUp // F5
    if (givenUp && !rests) {
      void child.stopChildrenThenEnd(exit)
      return cell.escalated(child, directive.error, undefined)
    }
    ;(this.#restarts ??= new Map()).set(account, counted(supervision, restarts, now))
    const affected = directive.do === "escalate" ? [child] : this.#affected(child, directive.scope)
    const delayMs = this.#delay(rests ? REST : supervision.backoff, child, now)
    if (rests) cell.escalated(child, directive.error, delayMs)
    if (delayMs === 0 && affected.length === 1 && child.childless) return child.restart()
    for (const other of affected) other.suspend()
    const restart = (): void => {
      if (cell.parent === null)
        void restartAll(affected) // F5: nobody waits until another has started
      else this.#restarting = (this.#restarting ?? Promise.resolve()).then(() => restartAll(affected)) // F3
    }
    if (delayMs === 0) return restart()
    void stopChildrenOf(affected)
    cell.system.wheel.add(new Limit(restart), delayMs)
  }

  #affected(child: Cell, scope: "child" | "all" | "rest"): readonly Cell[] {
    if (scope === "child") return [child]
    const siblings = this.children.toArray()
    return scope === "all" ? siblings : siblings.slice(siblings.indexOf(child))
  }

  #delay(backoff: Backoff | undefined, child: Cell, now: number): number {
    if (backoff === undefined) return 0
    const attempt = nextAttempt(backoff, this.#attempts?.get(child), now, this.#cell.system.random.float())
    ;(this.#attempts ??= new Map()).set(child, attempt)
    return attempt.delayMs
  }

  // --- onlookers ----------------------------------------------------------------------------------------------------

  watch(other: Cell): void {
    ;(this.#watched ??= new Set()).add(other)
    const family = other.family
    ;(family.watchers ??= new Set()).add(this.#cell)
  }

  unwatch(other: Cell): void {
    this.#watched?.delete(other)
    other.knownFamily?.watchers?.delete(this.#cell)
  }

  /** From now on a crash of one is a crash of the other. */
  link(other: Cell): void {
    ;(this.linked ??= new Set()).add(other)
    const family = other.family
    ;(family.linked ??= new Set()).add(this.#cell)
  }

  unlink(other: Cell): void {
    this.linked?.delete(other)
    other.knownFamily?.linked?.delete(this.#cell)
  }

  /** Its life is over (F4). */
  forsake(): void {
    for (const other of this.#watched ?? []) this.unwatch(other)
    this.takeLinked()
  }

  /** A new life begins (F4). */
  beginAnew(): void {
    this.#restarts?.clear()
    this.#attempts?.clear()
  }

  /** The actors to take along in a crash; the links are gone with it. */
  takeLinked(): readonly Cell[] {
    const linked = [...(this.linked ?? [])]
    for (const other of linked) this.unlink(other)
    return linked
  }

  /** Tells those who look on that the actor has ended. */
  ended(exit: Exit): void {
    const cell = this.#cell
    for (const watcher of this.watchers ?? []) {
      watcher.family.#watched?.delete(cell)
      watcher.signal({ kind: "ended", ref: cell, exit })
    }
    for (const watched of this.#watched ?? []) watched.knownFamily?.watchers?.delete(cell)
    for (const other of this.takeLinked()) if (exit.kind === "crashed") other.linkedCrash(cell, exit.error)
    for (const done of this.#stopWaiters?.splice(0) ?? []) done(exit)
  }

  /** Calls back when the actor has started, or failed to. */
  onReady(done: (started: boolean) => void): void {
    ;(this.#readyWaiters ??= []).push(done)
  }

  started(well: boolean): void {
    for (const done of this.#readyWaiters?.splice(0) ?? []) done(well)
  }

  /** Calls back when the actor has ended. */
  onStopped(done: (exit: Exit) => void): void {
    ;(this.#stopWaiters ??= []).push(done)
  }
}

/** F1 */
async function restartAll(cells: readonly Cell[]): Promise<void> {
  await stopChildrenOf(cells)
  for (const cell of cells) {
    cell.restart()
    if (!(await cell.ready())) return // it crashed again: its supervisor decides anew
  }
}

async function stopChildrenOf(cells: readonly Cell[]): Promise<void> {
  for (const cell of [...cells].reverse()) await cell.stopChildrenOf()
}
