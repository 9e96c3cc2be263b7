/**
 * Faults that the runtime had, to be planted again: what finds none of these proves nothing. Each is a change of the
 * built code, made while a process of its own loads it
 * (`plant.ts`); a change that does not fit the code any more is told, so that no fault is taken for planted that is
 * not.
 */

export interface Bug {
  readonly name: string
  /** By module of the built code, as it stands below `dist`. */
  readonly changes: Readonly<Record<string, readonly (readonly [from: string, to: string])[]>>
}

/** Of the cluster: to be found by programs that run in one. */
export const clusterBugs: readonly Bug[] = [
  {
    name: "C1: an epoch is minted without a look at the one before",
    changes: {
      "cluster/memory-epochs.js": [
        ["if (record.epoch !== expected) return", "expected = record.epoch; if (false) return"],
      ],
    },
  },
  {
    name: "C2: a candidate does not wait until the lease of the owner before is over",
    changes: { "cluster/lease.js": [["lockDelayMs: 5e3", "lockDelayMs: 0"]] },
  },
  {
    name: "C3: a sender does not wait until the owner before has passed on what it was sent",
    changes: { "cluster/barriers.js": [["  mayGo(shard, to) {", "  mayGo(shard, to) {\n    return true;"]] },
  },
  {
    // By the duplicate check alone it cannot be seen: who opens a stream anew is told which frames were taken in, and
    // sends none of them again (S2 of `session.ts`).
    name: "C4: after a cut all is sent again that was not acknowledged before, and taken in twice",
    changes: {
      "cluster/session.js": [
        ["    this.#acknowledged(received);\n    this.#unsent = this.#head;", "    this.#unsent = this.#head;"],
        [
          "if (number <= this.#received) return duplicate;",
          'if (number <= this.#received) return { kind: "text", bytes: frame, at: headerBytes };',
        ],
      ],
    },
  },
  {
    name: "C5: the end of a link that was not told as open is told to nobody",
    changes: {
      "cluster/mesh.js": [
        ["this.#opened.delete(id);\n    peer.close", "const opened = this.#opened.delete(id);\n    peer.close"],
        ["if (bound) this.#announce", "if (opened) this.#announce"],
      ],
    },
  },
  {
    name: "C6: an ask whose answer waits for the store has no end",
    changes: { "cluster/dispatch.js": [["ask?.within(confirmed) ?? confirmed", "confirmed"]] },
  },
]

/** Of one node. */
export const bugs: readonly Bug[] = [
  {
    name: "A1: appends of works do not queue behind each other",
    changes: {
      "actors/persistence/appends.js": [
        ["return this.add(this.#write(this.tail, void 0,", "return this.add(this.#write(void 0, void 0,"],
      ],
    },
  },
  {
    name: "A1: the id of a command is not looked for, so that what is sent again is done again",
    changes: { "actors/persistence/command-turn.js": [["known = await life.answerTo(this.#id);", "known = void 0;"]] },
  },
  {
    name: "A2: a deferred reply under a command id is taken for the answer itself",
    changes: {
      "actors/persistence/command-turn.js": [
        ["const deferred = isDeferred(result);", "const deferred = false;"],
        [
          "const answer = this.#answer ??= this.#keptAtEnd(result);",
          "const answer = this.#answer ??= { value: {}, stored: storedAnswer({}) };",
        ],
      ],
    },
  },
  {
    name: "A3: a command that is put aside counts as carried out",
    changes: { "actors/persistence/command-turn.js": [["if (this.#stashed) {", "if (false) {"]] },
  },
  {
    name: "A4: what a command holds shares its events with the state",
    changes: {
      "actors/persistence/command-turn.js": [
        ["const copy = toStored(event.payload, () => title);", "const copy = event.payload;"],
      ],
    },
  },
  {
    name: "A5: a payload of undefined is stored as null",
    changes: {
      "actors/persistence/memory-journal.js": [
        ["          ...event,\n", "          ...event,\n          payload: event.payload ?? null,\n"],
      ],
    },
  },
  {
    name: "A6: an entity sleeps that owes something",
    changes: { "actors/turns.js": [["(this.known === void 0 || !this.known.owes)", "true"]] },
  },
  {
    name: "A6: an entity sleeps in the middle of its handler",
    changes: { "actors/turns.js": [["return !this.scheduled && //", "return true && //"]] },
  },
  {
    name: "A7: what waits for an entity that is stopped comes after what is sent later",
    changes: {
      "actors/entities.js": [
        [
          "for (const { handler, payload, meta } of left) successor.cell.put(handler, payload, meta, true);",
          "for (const { handler, payload, meta } of left) " +
            "setImmediate(() => successor.cell.put(handler, payload, meta, true));",
        ],
      ],
    },
  },
  {
    name: "A8: names are joined as they are",
    changes: {
      "actors/names.js": [["const escaped = (name) => /[%/]/.test(name) ?", "const escaped = (name) => false ?"]],
    },
  },
  {
    name: "A8: what is no name is taken for one",
    changes: { "actors/names.js": [["if (fault === void 0) return name;", "return name;"]] },
  },
  {
    name: "A9: which deliveries were answered is not written at the end",
    changes: {
      "actors/persistence/persisted-context.js": [["if (this.persisted.outbox.unwritten > 0) void", "if (false) void"]],
    },
  },
  {
    name: "A11: a reminder that is set again for the same time has the same command id",
    changes: { "actors/persistence/reminder-keeper.js": [["String(setting.number), String(at))", "String(at))"]] },
  },
  {
    name: "A12: a life begins before the writes of the one before have ended",
    changes: { "actors/persistence/persisted-context.js": [["await leftBehind(this.#system, id);", ""]] },
  },
  {
    name: "B14: what was thrown is made text by String alone",
    changes: { "actors/errors.js": [["const text = totalText(thrown);", "const text = String(thrown);"]] },
  },
  {
    name: "B15: what a life sent itself comes to the next",
    changes: { "actors/turns.js": [['if ("life" in meta) return meta.life !== this.life;', ""]] },
  },
  {
    name: "B17: two refs to one entity are two actors",
    changes: {
      "actors/ask.js": [
        ["if (isSameActor(asker, target)) return true;", "if (asker === target) return true;"],
        ["isSameActor(link.asker, target)", "link.asker === target"],
      ],
    },
  },
  {
    name: "B21: an actor that ends is counted twice",
    changes: { "actors/cell.js": [["this.system.counts.actors -= 1", "this.system.counts.actors -= 2"]] },
  },
  {
    name: "A10: an append of which one event cannot be stored keeps those before it",
    changes: {
      "actors/persistence/persisted.js": [["toStored(payload, () =>", "((payload) => payload)(payload, () =>"]],
      "actors/persistence/memory-journal.js": [
        [
          "const { events: taken, options: { command, traceId } } = heldAppend(actor, events, options);",
          "const { options: { command, traceId } } = heldAppend(actor, [], options); const taken = events;",
        ],
        ["          ...event,\n", "          ...heldAppend(actor, [event]).events[0],\n"],
      ],
    },
  },
  {
    name: "A13: a ref in what is stored becomes an empty object",
    changes: {
      "actors/persistence/stored.js": [
        ['return new StoredRef(entityAddressOf(part, title, path.join(".")));', "return {};"],
      ],
    },
  },
  {
    name: "A13: a map in what is stored becomes an object",
    changes: {
      "actors/persistence/stored.js": [
        [
          "if (flat !== void 0) return flat;",
          "if (value instanceof Map) return toStored(Object.fromEntries(value), title);",
        ],
      ],
    },
  },
  {
    name: "B15: the end of the cause's deadline swallows the result of work",
    changes: {
      "actors/turns.js": [
        [
          'if ("life" in meta) return meta.life !== this.life;',
          'if ("life" in meta) return meta.life !== this.life || meta.cause?.deadline < this.system.wheel.now;',
        ],
      ],
      "actors/inbox.js": [["this.cause = later(cause);", "this.cause = cause;"]],
    },
  },
  {
    name: "B16: a time of NaN is taken, and never over",
    changes: { "actors/ref.js": [["if (timeoutMs !== void 0) checkNumber(", "if (false) checkNumber("]] },
  },
  {
    name: "B16: a batch of NaN is taken, and never ends",
    changes: {
      "actors/streams.js": [
        ['checkNumber("INVALID_OPTION", "batch", batch, count);', ""],
        ["if (!count.fits(most)) {", "if (false) {"],
      ],
    },
  },
  {
    name: "B18: a payload that one refuses unsubscribes everybody",
    changes: {
      "actors/topics.js": [
        ["ctx.state = kept.get(ctx.self) ?? ctx.state;", ""],
        ["type, payload);\n  } catch {", "type, payload);\n  } catch (error) {\n    throw error;"],
      ],
    },
  },
  {
    name: "B18: what was told is read when it is handled",
    changes: {
      "actors/compiled.js": [
        ["return this.#freezes ? frozenCopy(payload, title) : keptCopy(payload, title);", "return payload;"],
      ],
    },
  },
  {
    name: "B20: one that cannot recover crashes",
    changes: {
      "actors/persistence/persisted-context.js": [
        [
          "if (isLasting(why) || this.signal.aborted) return this.#leaveAlone(why, 0);",
          'if (isLasting(why)) throw new AgentOSError("ACTOR_STOPPED", "");',
        ],
      ],
    },
  },
  {
    name: "B20: what cannot be stored is refused as what may be tried again",
    changes: {
      "actors/persistence/persisted.js": [["toStored(payload, () =>", "((payload) => payload)(payload, () =>"]],
      "actors/persistence/persisted-context.js": [
        ['if (cause instanceof AgentOSError && cause.code === "INVALID_PAYLOAD")', "if (false)"],
      ],
    },
  },
  {
    name: "B21: a command's answer is kept for ever",
    changes: {
      "actors/persistence/persisted-context.js": [["return isOld ? void 0 : known;", "return known;"]],
    },
  },
  {
    name: "B21: a tenant is known for ever",
    changes: {
      "actors/entities.js": [
        ["tenants?.delete(kind.tenant);", ""],
        ["if (tenants?.size === 0)", "if (false)"],
      ],
    },
  },
  {
    name: "S7: an error of one handler is the answer to the asks beside it",
    changes: {
      "actors/cell.js": [
        [
          "this.revoke(() => this.crashOf(error));",
          "this.revoke(() => error instanceof AgentOSError ? error : this.crashOf(error));",
        ],
      ],
    },
  },
  {
    name: "Y1: an actor that crashes while its supervisor stops leaves its children behind",
    changes: {
      "actors/family.js": [
        ["if (cell.stopping || cell.suspended)", "if (cell.stopping) return child.end(exit);\n    if (cell.suspended)"],
      ],
    },
  },
]
