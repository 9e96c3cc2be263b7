/**
 * Faults that the runtime had, to be planted again: what finds none of these proves nothing. Each is a change of the built code, made while a process of its own loads it
 * (`plant.ts`); a change that does not fit the code any more is told, so that no fault is taken for planted that is not.
 */

export interface Bug {
  readonly name: string
  /** Of the built code, from the root of the package. */
  readonly module: string
  readonly changes: readonly (readonly [from: string, to: string])[]
}

/** Of the cluster: to be found by programs that run in one. */
export const clusterBugs: readonly Bug[] = [
  {
    name: "C1: an epoch is minted without a look at the one before",
    module: "cluster/memory-epochs.js",
    changes: [["if (record.epoch !== expected) return", "expected = record.epoch; if (false) return"]],
  },
  {
    name: "C2: a candidate does not wait until the lease of the owner before is over",
    module: "cluster/lease.js",
    changes: [["lockDelayMs: 5e3", "lockDelayMs: 0"]],
  },
  {
    name: "C3: a sender does not wait until the owner before has passed on what it was sent",
    module: "cluster/barriers.js",
    changes: [["  mayGo(shard, to) {", "  mayGo(shard, to) {\n    return true;"]],
  },
  {
    // By the duplicate check alone it cannot be seen: who opens a stream anew is told which frames were taken in, and sends none of them again (S2 of `session.ts`).
    name: "C4: after a cut all is sent again that was not acknowledged before, and taken in twice",
    module: "cluster/session.js",
    changes: [
      ["    this.#acknowledged(received);\n    this.#unsent = this.#head;", "    this.#unsent = this.#head;"],
      [
        "if (number <= this.#received) return duplicate;",
        'if (number <= this.#received) return { kind: "text", bytes: frame, at: headerBytes };',
      ],
    ],
  },
  {
    name: "C5: the end of a link that was not told as open is told to nobody",
    module: "cluster/mesh.js",
    changes: [
      ["this.#opened.delete(id);\n    peer.close", "const opened = this.#opened.delete(id);\n    peer.close"],
      ["if (bound) this.#announce", "if (opened) this.#announce"],
    ],
  },
  {
    name: "C6: an ask whose answer waits for the store has no end",
    module: "cluster/dispatch.js",
    changes: [["ask?.within(confirmed) ?? confirmed", "confirmed"]],
  },
]

/** Of one node. */
export const bugs: readonly Bug[] = [
  {
    name: "A1: appends of works do not queue behind each other",
    module: "actors/persistence/appends.js",
    changes: [["return this.add(this.#write(this.tail, void 0,", "return this.add(this.#write(void 0, void 0,"]],
  },
  {
    name: "A1: the id of a command is not looked for, so that what is sent again is done again",
    module: "actors/persistence/command-turn.js",
    changes: [["known = await life.answerTo(this.#id);", "known = void 0;"]],
  },
  {
    name: "A2: a deferred reply under a command id is taken for the answer itself",
    module: "actors/persistence/command-turn.js",
    changes: [
      ["const deferred = result instanceof DeferredReply;", "const deferred = false;"],
      [
        "const answer = this.#answer ??= this.#kept(result);",
        "const answer = this.#answer ??= { value: {}, stored: storedAnswer({}) };",
      ],
    ],
  },
  {
    name: "A3: a command that is put aside counts as carried out",
    module: "actors/persistence/command-turn.js",
    changes: [["if (this.#stashed) {", "if (false) {"]],
  },
  {
    name: "A4: what a command holds shares its events with the state",
    module: "actors/persistence/command-turn.js",
    changes: [["const copy = toStored(event.payload, () => title);", "const copy = event.payload;"]],
  },
  {
    name: "A5: a payload of undefined is stored as null",
    module: "actors/persistence/memory-journal.js",
    changes: [["          ...event,\n", "          ...event,\n          payload: event.payload ?? null,\n"]],
  },
  {
    name: "A6: an entity sleeps that owes something",
    module: "actors/turns.js",
    changes: [["(this.known === void 0 || !this.known.owes)", "true"]],
  },
  {
    name: "A6: an entity sleeps in the middle of its handler",
    module: "actors/turns.js",
    changes: [["return !this.scheduled && //", "return true && //"]],
  },
  {
    name: "A7: what waits for an entity that is stopped comes after what is sent later",
    module: "actors/entities.js",
    changes: [
      [
        "for (const { handler, payload, meta } of left) successor.cell.put(handler, payload, meta, true);",
        "for (const { handler, payload, meta } of left) setImmediate(() => successor.cell.put(handler, payload, meta, true));",
      ],
    ],
  },
  {
    name: "A8: names are joined as they are",
    module: "actors/names.js",
    changes: [["const escaped = (name) => /[%/]/.test(name) ?", "const escaped = (name) => false ?"]],
  },
  {
    name: "A8: what is no name is taken for one",
    module: "actors/names.js",
    changes: [["if (fault === void 0) return name;", "return name;"]],
  },
  {
    name: "A9: which deliveries were answered is not written at the end",
    module: "actors/persistence/persisted-context.js",
    changes: [["if (this.persisted.outbox.unwritten > 0) void", "if (false) void"]],
  },
  {
    name: "A11: a reminder that is set again for the same time has the same command id",
    module: "actors/persistence/reminder-keeper.js",
    changes: [["String(setting.number), String(at))", "String(at))"]],
  },
  {
    name: "A12: a life begins before the writes of the one before have ended",
    module: "actors/persistence/persisted-context.js",
    changes: [["await leftBehind(this.#system, id);", ""]],
  },
  {
    name: "B14: what was thrown is made text by String alone",
    module: "actors/errors.js",
    changes: [["const text = totalText(thrown);", "const text = String(thrown);"]],
  },
  {
    name: "B15: what a life sent itself comes to the next",
    module: "actors/turns.js",
    changes: [["if (meta instanceof Own) return meta.life !== this.life;", ""]],
  },
  {
    name: "B17: two refs to one entity are two actors",
    module: "actors/ask.js",
    changes: [
      ["if (isSameActor(asker, target)) return true;", "if (asker === target) return true;"],
      ["isSameActor(link.asker, target)", "link.asker === target"],
    ],
  },
  {
    name: "B21: an actor that ends is counted twice",
    module: "actors/cell.js",
    changes: [["this.system.counts.actors -= 1", "this.system.counts.actors -= 2"]],
  },
]
