/** A program that makes a system whoever loads it: worker threads must not. */
import { createActorSystem, defineActor } from "#actors/index.js"

export const Own = defineActor({ name: "own", state: () => ({}), receive: { hello: () => "hello" } })
await createActorSystem({ name: "again" })
