import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { Worker } from "node:worker_threads"
import t from "tap"
import { createActorSystem } from "#actors/index.js"
import { AgentOSError } from "#actors/errors.js"
import type { Model, ModelPart, ModelRequest } from "#src/models/model.js"
import { openLocalModel } from "#src/models/local-model.js"
import { writeTinyCheckpoint } from "#test/support/tiny-checkpoint.js"

/** Every thread this process starts. */
const threads: Worker[] = []
process.on("worker", (worker: Worker) => threads.push(worker))

const folder = await writeTinyCheckpoint(t.testdir({ checkpoint: {} }) + "/checkpoint")
const system = await createActorSystem({ name: "test" })
const model = await openLocalModel({ id: "tiny", folder, maxBatch: 4, system })
t.teardown(async () => {
  await model.stop()
  await system.stop()
})

const request = (content: string, more: Partial<ModelRequest> = {}): ModelRequest => ({
  messages: [{ role: "user", content }],
  ...more,
  // Random weights rarely end by themselves; and where they end early there is little to see.
  decoding: { maxTokens: 24, ...more.decoding },
})
async function collect(model: Model, asked: ModelRequest) {
  let text = ""
  let finish: Extract<ModelPart, { type: "finish" }> | undefined
  for await (const part of model.generate(asked)) {
    if (part.type === "text") text += part.text
    else if (part.type === "finish") finish = part
  }
  if (finish === undefined) throw new Error("the stream ended without a finish")
  return { text, reason: finish.reason, usage: finish.usage, confidence: finish.confidence }
}
const failure = (asked: ModelRequest, of: Model = model): Promise<string> =>
  collect(of, asked).then(
    ({ reason }) => `finished: ${reason}`,
    (error: unknown) => (error instanceof AgentOSError ? error.code : String(error)),
  )

t.test("an answer streams and ends in its reason and what it took (P1)", async (t) => {
  const { text, reason, usage } = await collect(model, request("the cat"))
  t.ok(text.length > 0)
  t.equal(reason, "length")
  t.equal(usage.completionTokens, 24)
  t.equal(usage.promptTokens, model.countTokens("user: the cat\nassistant:"))
  t.match(model.info.backend, "tensorflow.js/wasm")
})

t.test("more sequences than slots, together, say what each says alone (D1)", async (t) => {
  const asked = ["the cat", "sat on", "the mat and then some more", "dog", "log log", "and", "on the log"].map((text) =>
    request(text),
  )
  const alone: string[] = []
  for (const one of asked) alone.push((await collect(model, one)).text)
  const together = await Promise.all(asked.map((one) => collect(model, one)))
  t.same(
    together.map(({ text }) => text),
    alone,
  )
})

t.test("the same seed gives the same words, another seed others", async (t) => {
  const said = (seed: number) =>
    collect(model, request("the cat", { decoding: { temperature: 2, seed } })).then(({ text }) => text)
  t.equal(await said(7), await said(7))
  t.not(await said(7), await said(8))
})

t.test("a cancelled request ends soon and keeps what was said; its neighbours notice nothing (P2, E2)", async (t) => {
  const before = threads.length
  const alone = (await collect(model, request("the dog", { decoding: { maxTokens: 60 } }))).text
  const stop = new AbortController()
  const neighbour = collect(model, request("the dog", { decoding: { maxTokens: 60 } }))
  let parts = 0
  let finish: ModelPart | undefined
  for await (const part of model.generate(request("the cat", { signal: stop.signal, decoding: { maxTokens: 80 } }))) {
    if (part.type === "text" && ++parts === 3) stop.abort()
    finish = part
  }
  t.match(finish, { type: "finish", reason: "cancelled" })
  t.equal((await neighbour).text, alone)
  t.equal(threads.length, before, "the thread was not ended for it")
  t.equal(await failure(request("x", { signal: AbortSignal.abort() })), "finished: cancelled")
  t.equal(model.open, 0)
})

t.test("a consumer that leaves early frees its place", async (t) => {
  for await (const _ of model.generate(request("the cat"))) break
  await collect(model, request("the cat"))
  t.equal(model.open, 0)
})

t.test("an answer tells how sure the model was of its tokens, where that is asked for", async (t) => {
  const greedy = await collect(model, request("the cat", { confidence: true }))
  const { least = 0, mean = 0 } = greedy.confidence ?? {}
  t.ok(0 < least && least < mean && mean < 1, `${least} of ${mean}`)
  const sampled = await collect(model, request("the cat", { confidence: true, decoding: { temperature: 5, seed: 1 } }))
  t.ok((sampled.confidence?.mean ?? 1) < mean, "an unlikely answer is less sure, however it was chosen")
  t.equal((await collect(model, request("the cat"))).confidence, undefined)
})

t.test("a stop string ends the text before it", async (t) => {
  const { text } = await collect(model, request("the cat"))
  const stop = text.slice(4, 7)
  const cut = await collect(model, request("the cat", { decoding: { stop: [stop] } }))
  t.equal(cut.text, text.slice(0, text.indexOf(stop)))
  t.equal(cut.reason, "stop")
})

t.test("too long a prompt and too late a deadline are refused by name", async (t) => {
  t.equal(await failure(request("z9!".repeat(50))), "CONTEXT_TOO_LONG")
  const slow = await openLocalModel({ id: "slow", folder, system })
  t.equal(await failure(request("the cat", { timeoutMs: 1 }), slow), "DEADLINE_EXCEEDED")
  await slow.stop()
})

t.test("a prompt that cannot fit is refused before it is tokenised, a long history is read from its end", async (t) => {
  for (const long of ["a ", "a", "数据库", "\n", "?"].map((text) => text.repeat(5e6)))
    t.equal(await failure(request(long)), "CONTEXT_TOO_LONG")
  t.ok(model.countTokens("a ".repeat(5e6)) > (model.info.contextLength ?? 0), "nor is it counted")
  const messages = Array.from({ length: 50_000 }, (_, i) => ({
    role: i % 2 === 0 ? ("user" as const) : ("assistant" as const),
    content: "cat",
  }))
  const { usage } = await collect(model, { ...request(""), messages })
  t.ok(usage.promptTokens <= (model.info.contextLength ?? 0) / 2)
})

t.test("a lost thread: open requests get a retryable error, a new thread answers the next (E3, I1)", async (t) => {
  const thread = threads[0] as Worker
  const expected = (await collect(model, request("the cat"))).text
  const before = threads.length
  const lost = [request("the cat"), request("the dog")].map((one) => collect(model, { ...one, decoding: { maxTokens: 80 } })) // prettier-ignore
  const outcome = Promise.allSettled(lost)
  await thread.terminate()
  for (const result of await outcome) {
    const reason = result.status === "rejected" ? (result.reason as AgentOSError) : undefined
    t.match(reason, { code: "INFERENCE_WORKER_LOST", retryable: true })
  }
  t.equal((await collect(model, request("the cat"))).text, expected)
  t.ok(threads.length > before)
})

t.test("a lost thread that nobody holds is heard of, and every open request is settled (E3, E4)", async (t) => {
  for (let round = 0; round < 3; round++) {
    await collect(model, request("the cat"))
    const lost = [failure(request("the cat", { decoding: { maxTokens: 80 } })), failure(request("the dog", { decoding: { maxTokens: 80 } }))] // prettier-ignore
    const thread = threads.at(-1) as Worker
    void thread.terminate()
    t.same(await Promise.all(lost), ["INFERENCE_WORKER_LOST", "INFERENCE_WORKER_LOST"])
  }
})

t.test("a thread lost between requests is replaced as well", async (t) => {
  const expected = (await collect(model, request("the cat"))).text
  await (threads.at(-1) as Worker).terminate()
  await new Promise((done) => setTimeout(done, 20))
  t.equal((await collect(model, request("the cat"))).text, expected)
})

t.test("a model that stops ends its requests by name", async (t) => {
  const other = await openLocalModel({ id: "other", folder })
  await other.load()
  const open = failure(request("the cat", { decoding: { maxTokens: 80 } }), other)
  await other.stop()
  t.equal(await open, "MODEL_STOPPED")
  t.equal(await failure(request("the cat"), other), "MODEL_STOPPED")
})

t.test("a damaged checkpoint is refused by name and takes no actor down", async (t) => {
  const path = await writeTinyCheckpoint(t.testdir({ damaged: {} }) + "/damaged")
  const weights = await readFile(join(path, "model.safetensors"))
  await writeFile(join(path, "model.safetensors"), weights.subarray(0, weights.length - 100))
  const damaged = await openLocalModel({ id: "damaged", folder: path, system })
  const crashes = system.statistics.crashes
  t.equal(await failure(request("the cat"), damaged), "INVALID_CHECKPOINT")
  await writeFile(join(path, "model.safetensors"), weights)
  t.equal(await failure(request("the cat"), damaged), "finished: length", "mended, it works without a restart")
  t.equal(system.statistics.crashes, crashes)
  await damaged.stop()
  await t.rejects(openLocalModel({ id: "none", folder: join(path, "nowhere") }), { code: "INVALID_CHECKPOINT" })
})
