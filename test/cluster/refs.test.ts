/** What refs promise, kept by an actor of another system to which everything goes as frames. */
import type { ActorSystem } from "#actors/index.js"
import type { Cell } from "#actors/cell.js"
import { Directory } from "#actors/remote/directory.js"
import { Link } from "#actors/remote/link.js"
import { farCompiled } from "#actors/remote/remote-ref.js"
import { ActorSystem as System } from "#actors/system.js"
import { WireDecoder } from "#cluster/wire-decoder.js"
import { WireEncoder } from "#cluster/wire-encoder.js"
import { Subject } from "#test/actors/workers/definitions.js"
import { refContract, type SubjectRef } from "#test/support/ref-contract.js"

const seats = { at: () => undefined, news() {}, credit() {} }
const limits = { mostBytes: 2 ** 24, cutBytes: 2 ** 16 }

function connected(a: ActorSystem, b: ActorSystem): readonly [Link, Link] {
  const links: Link[] = []
  const side = (system: ActorSystem, other: number): Link => {
    const encoder = new WireEncoder(limits)
    const decoder = new WireDecoder()
    const post = (batch: readonly unknown[]): void => {
      encoder.add(batch)
      for (const text of encoder.take(0))
        setImmediate(() => {
          const link = links[other] as Link
          if (!link.closed) link.receive(decoder.decode(text))
        })
    }
    return new Link(system, new Directory(), { post }, seats)
  }
  links.push(side(a, 1), side(b, 0))
  return links as [Link, Link]
}

const elsewhere = new WeakMap<ActorSystem, { readonly system: ActorSystem; readonly links: readonly [Link, Link] }>()

function subject(here: ActorSystem): SubjectRef {
  let there = elsewhere.get(here)
  if (there === undefined) {
    const system = new System({ name: here.name, transport: { node: "there", entity: () => undefined } })
    elsewhere.set(here, (there = { system, links: connected(here, system) }))
  }
  const [near, far] = there.links
  const cell = there.system.spawn(Subject) as never as Cell
  const { types, capacity } = cell.compiled
  const { name, reentrant = [], mailbox } = cell.compiled.spec
  const definition = { name, types, reentrant, urgent: mailbox?.urgent ?? [], capacity }
  return near.remote(far.nameOf(cell), farCompiled(definition)) as never as SubjectRef
}

refContract("an actor of another node", {}, subject, true, 28)
