/** A program as a test that a person can read, run and change: the public doors only. */
import type { Violation } from "./model.js"
import { handlerName, kindName, reminderName, type Act, type Event, type Fold, type Handler, type Kind, type Program, type Send, type Step, type Target } from "./program.js" // prettier-ignore
import { throwableText, valueText } from "./values.js"

const folds: { readonly [F in Fold]: string } = {
  noted: "noted: (s, v: unknown) => void s.log.push(v)",
  raw: "raw: (s, v: unknown) => void s.log.push(v)",
  inc: "inc: (s, by: number = 7) => void s.log.push(by)",
  defaulted: "defaulted: (s, { by = 3 }: { by?: number } = {}) => void s.log.push(by)",
  put: "put: (s, item: { pieces: number }) => void s.log.push(item)",
  more: "more: (s) => void (s.log[0] as { pieces: number }).pieces++",
}

/** Handlers that somebody sends to, and what those send to. */
function reached(program: Program): ReadonlySet<string> {
  const found = new Set<string>()
  const visit = (kind: number, handler: number): void => {
    const id = `${kind} ${handler}`
    const of = program.kinds[kind]?.handlers[handler]
    if (of === undefined || found.has(id)) return
    found.add(id)
    steps(kind, of.steps)
  }
  const steps = (kind: number, list: readonly Step[]): void => {
    for (const step of list) {
      if (step.do === "run") steps(kind, step.steps)
      if (step.do === "persist" && step.deliver !== undefined) send(kind, step.deliver)
      if (!("handler" in step)) continue
      if ("to" in step) send(kind, step)
      else visit(kind, step.handler)
    }
  }
  const send = (kind: number, { to, handler }: Pick<Send, "to" | "handler">): void => {
    if (to === "child") for (const n of program.kinds.keys()) visit(n, handler)
    else visit(to === "self" ? kind : to.kind, handler)
  }
  for (const act of program.acts) if ("handler" in act) send(0, act)
  for (const [n, { started = [] }] of program.kinds.entries()) steps(n, started)
  return found
}

class Printer {
  readonly #program: Program
  readonly #reached: ReadonlySet<string>
  readonly #targets = new Map<string, string>()

  constructor(program: Program) {
    this.#program = program
    this.#reached = reached(program)
  }

  lines({ promise, text }: Violation): string[] {
    const { acts, kinds, maxResident, isolated, adapter, faults } = this.#program
    const used = kinds.flatMap((_, n) => (this.#uses(n) ? [n] : []))
    const definitions = used.flatMap((n) => this.#definition(n, kinds[n] as Kind))
    const done = acts.map((act) => this.#act(act))
    const entities = used.filter((n) => kinds[n]?.role !== "plain").map((n) => kindName(n))
    const options = [
      'name: "program"',
      `definitions: [${entities.join(", ")}]`,
      ...(adapter === "level" ? ['journal: await openLevelJournal("store")'] : []),
      ...(maxResident === undefined ? [] : [`entities: { maxResident: ${maxResident} }`]),
      ...(isolated === true ? ["isolated: true"] : []),
    ]
    const refs = [...this.#targets].map(([target, name]) => `  const ${name} = ${target}`)
    return [
      `t.test(${JSON.stringify(`${promise}: ${text}`)}, async () => {`,
      ...definitions.map((line) => `  ${line}`),
      `  const system = await createActorSystem({ ${options.join(", ")} })`,
      ...refs,
      ...faults.map(({ kind, at }) => `  // at ${at} ms: ${kind}`),
      ...done.map((line) => `  ${line}`),
      "})",
    ]
  }

  #uses(kind: number): boolean {
    return [...this.#reached].some((id) => id.startsWith(`${kind} `)) || this.#program.acts.some((act) => "to" in act && typeof act.to === "object" && act.to.kind === kind) // prettier-ignore
  }

  #definition(n: number, kind: Kind): string[] {
    const handlers = kind.handlers.flatMap((handler, h) => this.#reached.has(`${n} ${h}`) ? [`  ${this.#handler(h, handler, n)},`] : []) // prettier-ignore
    const own = this.#options(kind)
    const name = kindName(n)
    if (kind.role === "persistent") {
      const used = new Set(kind.handlers.flatMap(({ steps }, h) => (this.#reached.has(`${n} ${h}`) ? foldsOf(steps) : []))) // prettier-ignore
      const events = [...used].map((fold) => folds[fold]).join(", ")
      return [
        `const ${name} = definePersistentActor({ name: "${name}", version: 1, state: () => ({ log: [] as unknown[] }), events: { ${events} }${own} }).receive({`,
        ...handlers,
        "})",
      ]
    }
    const started = kind.started === undefined ? "" : `, started: ${this.#body(kind.started, n, "ctx")}`
    return [`const ${name} = defineActor({ name: "${name}", state: () => ({})${own}${started}, receive: {`, ...handlers, "} })"] // prettier-ignore
  }

  #options(kind: Kind): string {
    const reentrant = kind.handlers.flatMap(({ reentrant }, h) => (reentrant === true ? [`"${handlerName(h)}"`] : []))
    const retention = [kind.keepEvents === undefined ? "" : `keepEvents: ${kind.keepEvents}`, kind.keepCommandsMs === undefined ? "" : `keepCommandsMs: ${kind.keepCommandsMs}`].filter((text) => text !== "") // prettier-ignore
    const all = [
      ...(["passivateAfterMs", "snapshotEvery", "handlerTimeoutMs"] as const).flatMap((key) => kind[key] === undefined ? [] : [`${key}: ${kind[key]}`]), // prettier-ignore
      ...(kind.capacity === undefined ? [] : [`mailbox: { capacity: ${kind.capacity} }`]),
      ...(reentrant.length === 0 || kind.role === "persistent" ? [] : [`reentrant: [${reentrant.join(", ")}]`]),
      ...(retention.length === 0 ? [] : [`retention: { ${retention.join(", ")} }`]),
    ]
    return all.map((option) => `, ${option}`).join("")
  }

  #handler(h: number, { steps }: Handler, kind: number): string {
    return `${handlerName(h)}: ${this.#body(steps, kind, "ctx, message")}`
  }

  #body(steps: readonly Step[], kind: number, parameters: string): string {
    const text = this.#steps(steps, kind)
    return `${text.includes("await ") ? "async " : ""}(${parameters}) => { ${text} }`
  }

  #steps(steps: readonly Step[], kind: number): string {
    const statements: string[] = []
    let reply: string | undefined
    for (const step of steps) {
      if (step.do === "reply") reply = valueText(step.value)
      else statements.push(this.#step(step, kind))
      if (step.do === "defer" || step.do === "stash") break
    }
    if (reply !== undefined) statements.push(`return ${reply}`)
    return statements.join("; ")
  }

  #step(step: Exclude<Step, { do: "reply" }>, kind: number): string {
    const awaits = "awaited" in step && step.awaited ? "await " : "void "
    switch (step.do) {
      case "tell":
        return `ctx.tell(${this.#to(step)}, ${this.#message(step)})`
      case "ask": {
        const ask = `ctx.ask(${this.#to(step)}, ${this.#message(step)})`
        return step.caught || !step.awaited ? `${awaits}${ask}.catch(() => undefined)` : `${awaits}${ask}`
      }
      case "persist": {
        const [first] = step.events
        if (step.events.length === 1 && first !== undefined && step.deliver === undefined) return `${awaits}ctx.persist("${first.fold}", ${this.#payload(first)})` // prettier-ignore
        const events = step.events.map((event) => `{ name: "${event.fold}", payload: ${this.#payload(event)} }`)
        const sent = step.deliver === undefined ? "" : `, delivery(${this.#to(step.deliver)}, ${this.#message(step.deliver)})` // prettier-ignore
        return `${awaits}ctx.persistAll([${events.join(", ")}]${sent})`
      }
      case "deliver":
        return `${awaits}ctx.deliver(${this.#to(step)}, ${this.#message(step)})`
      case "defer": {
        const give = step.fails ? 'later.fail(new Error("no"))' : `later.reply(${valueText(step.value)})`
        return `const later = ctx.defer(); void sleep(${step.ms}).then(() => ${give}); return later`
      }
      case "answer":
        return "// the deferred are answered"
      case "stash":
        return "if (!seen.has(message)) { seen.add(message); ctx.stash(); return }"
      case "unstash":
        return "ctx.unstashAll()"
      case "sleep":
        return `await sleep(${step.ms})`
      case "run":
        return `ctx.run(async () => { await sleep(${step.ms}); ${this.#steps(step.steps, kind)} }, "${handlerName(step.handler)}"${step.failed ? ', "failed"' : step.detached === true ? ", undefined" : ""}${step.detached === true ? ", { detached: true }" : ""})` // prettier-ignore
      case "after":
      case "every":
        return `ctx.${step.do}(${step.ms}, "${handlerName(step.handler)}")`
      case "spawn":
        return `child ??= ctx.spawn(${kindName(step.kind)})`
      case "stopChild":
        return "ctx.stop(child)"
      case "watch":
        return `ctx.watch(child)${step.link ? "; ctx.link(child)" : ""}`
      case "stop":
        return "ctx.stop()"
      case "stream":
        return `const stream = openStream(ctx, items(${step.items}, ${step.ms}), { buffer: 2 }); ctx.run(() => readSome(system, stream, ${step.take}, { batch: ${step.batch} }), "done")` // prettier-ignore
      case "subscribe":
        return `await subscribe(topic, ctx.self, "${handlerName(step.handler)}", ctx)`
      case "publish":
        return `ctx.tell(topic, "publish", ${valueText(step.value)})`
      case "remind":
        return `await reminders.set(${this.#target(step.to)}, "${reminderName(step.name)}", { afterMs: ${step.ms} }, ${this.#message(step)})` // prettier-ignore
      case "forget":
        return `await reminders.cancel(${this.#target(step.to)}, "${reminderName(step.name)}")`
      case "throw":
        return `throw ${throwableText(step.what)}`
    }
  }

  #payload({ fold, value }: Event): string {
    return fold === "put" ? "{ pieces: 1 }" : fold === "more" ? "undefined" : valueText(value)
  }

  #message({ handler, value }: { readonly handler: number; readonly value: Send["value"] }): string {
    return `"${handlerName(handler)}", ${valueText(value)}`
  }

  #target({ kind, name }: Target): string {
    const { tenant, key } = this.#program.names[name] as Program["names"][number]
    const role = this.#program.kinds[kind]?.role
    const of = role === "plain" ? `system.spawn(${kindName(kind)}, { name: "${kindName(kind)}" })` : `system.entity(${kindName(kind)}, ${JSON.stringify(key)}${tenant === "default" ? "" : `, { tenant: ${JSON.stringify(tenant)} }`})` // prettier-ignore
    const known = this.#targets.get(of)
    if (known !== undefined) return known
    const made = role === "plain" ? `root${kind}` : `entity${kind}${"abcdefghij"[name] ?? name}`
    this.#targets.set(of, made)
    return made
  }

  #to({ to, commandId, timeoutMs }: Send & { readonly timeoutMs?: number }): string {
    const ref = to === "self" ? "ctx.self" : to === "child" ? "child" : this.#target(to)
    return this.#with(ref, { commandId, timeoutMs })
  }

  #with(ref: string, options: Readonly<Record<string, string | number | undefined>>): string {
    const given = Object.entries(options).flatMap(([key, value]) => value === undefined ? [] : [`${key}: ${typeof value === "number" ? value : JSON.stringify(value)}`]) // prettier-ignore
    return given.length === 0 ? ref : `${ref}.with({ ${given.join(", ")} })`
  }

  #act(act: Act): string {
    const at = act.at > 0 ? ` // at ${act.at} ms` : ""
    switch (act.do) {
      case "tell":
        return `${this.#to(act)}.tell(${this.#message(act)})${at}`
      case "ask":
        return `void ${this.#to(act)}.ask(${this.#message(act)}).then(console.log, console.log)${at}${act.again > 0 ? `, ${act.again} times again` : ""}${act.cancelAfterMs === undefined ? "" : `, cancelled after ${act.cancelAfterMs} ms`}` // prettier-ignore
      case "read":
        return `await readSome(system, await ${this.#target(act.to)}.ask("open", items(${act.items}, ${act.ms})), ${act.take}, { batch: ${act.batch} })${at}` // prettier-ignore
      case "remind":
        return `await reminders.set(${this.#target(act.to)}, "${reminderName(act.name)}", { afterMs: ${act.ms} }, ${this.#message(act)})${at}` // prettier-ignore
      case "forget":
        return `await reminders.cancel(${this.#target(act.to)}, "${reminderName(act.name)}")${at}`
      case "publish":
        return `topic.tell("publish", ${valueText(act.value)})${at}`
      case "subscribe":
        return `await subscribe(topic, ${this.#target(act.to)}, "${handlerName(act.handler)}")${at}`
      case "damage":
        return `// what the journal holds of ${this.#target(act.to)} is damaged${at}`
      case "restart":
        return `await system.stop() // and started again${at}`
    }
  }
}

const foldsOf = (steps: readonly Step[]): Fold[] =>
  steps.flatMap((step) => step.do === "persist" ? step.events.map(({ fold }) => fold) : step.do === "run" ? foldsOf(step.steps) : []) // prettier-ignore

/** As lines of TypeScript; the helpers `sleep`, `items` and `readSome` are meant by their names. */
export const printed = (program: Program, violation: Violation): readonly string[] =>
  new Printer(program).lines(violation)
