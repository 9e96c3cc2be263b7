import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import fc from "fast-check"
import t from "tap"
import { z } from "zod"
import { joined } from "#actors/names.js"
import { LevelStore } from "#actors/persistence/level-store.js"
import "#src/errors.js"
import { KnowledgeBase } from "#src/knowledge/knowledge-base.js"
import type { Document, Knowledge } from "#src/knowledge/knowledge.js"
import type { Passage } from "#src/knowledge/reading/passages.js"
import { DocumentReader } from "#src/knowledge/reading/reader.js"
import { systemClock } from "#actors/clock.js"
import { fact } from "#src/models/training/corpus/facts.js"
import { Dice, Lexicon } from "#src/models/training/corpus/lexicon.js"
import { levelRecords, memoryRecords, type RecordStore } from "#src/record-store.js"
import { documentsAreWhole, readPassages } from "#test/support/document-property.js"
import { pdfOfLines } from "#test/support/pdf.js"
import { mainJob } from "#test/support/main-job.js"

const text = (id: string, content: string): Document => ({ id, format: "text", content })
const markdown = (id: string, content: string): Document => ({ id, format: "markdown", content })

/** Records in memory, counting what is written. */
function counted(): { records: RecordStore; writes: () => number } {
  const records = memoryRecords()
  let writes = 0
  return {
    records: {
      ...records,
      write: (changes) => {
        writes += 1
        return records.write(changes)
      },
    },
    writes: () => writes,
  }
}

const shared = new KnowledgeBase(memoryRecords())
t.teardown(() => shared.close())
let tenants = 0
/** The knowledge of another tenant, which is none yet. */
const fresh = (): Knowledge => shared.of(`tenant${++tenants}`)

const reader = new DocumentReader(systemClock)
t.teardown(() => reader.close())

const passagesOf = (document: Document): Promise<readonly Passage[]> => readPassages(reader, document)

t.test("a document is found, replaced, left alone when unchanged, and removed", async (t) => {
  const { records, writes } = counted()
  const knowledge = new KnowledgeBase(records).of("default")
  t.same(await knowledge.add(text("ports.txt", "The harbor listens on port 99.")), {
    id: "ports.txt",
    chunks: 1,
    unchanged: false,
    notes: [],
  })
  t.match(await knowledge.search("harbor"), [{ source: "ports.txt", text: "The harbor listens on port 99." }])

  t.same(await knowledge.add(text("ports.txt", "The harbor listens on port 99.")), {
    id: "ports.txt",
    chunks: 1,
    unchanged: true,
    notes: [],
  })
  t.equal(writes(), 1, "what is unchanged is not written")

  await knowledge.add(text("ports.txt", "The harbor listens on port 42."))
  const hits = await knowledge.search("harbor port")
  t.equal(hits.length, 1)
  t.match(hits, [{ text: /42/ }])
  t.match(await knowledge.documents(), [{ id: "ports.txt", chunks: 1, bytes: 30 }])

  t.ok(await knowledge.remove("ports.txt"))
  t.notOk(await knowledge.remove("ports.txt"))
  t.same(await knowledge.search("harbor"), [])
  t.same(await knowledge.documents(), [])
})

t.test("a document that cannot be written leaves the one before", async (t) => {
  const records = memoryRecords()
  const knowledge = new KnowledgeBase({
    ...records,
    write: (changes) =>
      JSON.stringify(changes).includes("broken") ? Promise.reject(new Error("disk full")) : records.write(changes),
  }).of("default")
  await knowledge.add(text("a", "The harbor is old."))
  await t.rejects(knowledge.add(text("a", "The harbor is broken.")), /disk full/)
  t.match(await knowledge.search("harbor"), [{ text: "The harbor is old." }])
})

t.test("after any additions and removals a search sees exactly what is there, also when opened again", async (t) => {
  const ids = fc.constantFrom("a", "b", "c")
  const step = fc.record({
    id: ids,
    word: fc.option(fc.constantFrom("harbor", "castle", "meadow"), { nil: undefined }),
  })
  const records = memoryRecords()
  const [first, again] = [new KnowledgeBase(records), new KnowledgeBase(records)]
  let runs = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const tenant = `run${++runs}`
      const knowledge = first.of(tenant)
      const expected = new Map<string, string>()
      for (const { id, word } of steps) {
        if (word === undefined) await knowledge.remove(id)
        else await knowledge.add(text(id, `The ${word} is open.`))
        if (word === undefined) expected.delete(id)
        else expected.set(id, `The ${word} is open.`)
      }
      for (const seen of [knowledge, again.of(tenant)]) {
        const found = await seen.search("harbor castle meadow", { limit: 10 })
        t.same(new Map(found.map(({ source, text }) => [source, text])), expected)
        t.same(
          (await seen.documents()).map(({ id }) => id),
          [...expected.keys()].sort(),
        )
      }
    }),
    { numRuns: 30 },
  )
})

t.test("what is known is known again when the store is opened again", async (t) => {
  const folder = join(t.testdir(), "store")
  const first = await LevelStore.open(folder)
  const before = new KnowledgeBase(levelRecords(first, "knowledge")).of("default")
  await before.add(markdown("guide.md", "# Harbor\n\nThe harbor listens on port 99.\n\n```\nharbor --port 99\n```\n"))
  await before.add(text("gone.txt", "The harbor is gone."))
  await before.remove("gone.txt")
  await before.assert({ subject: "Ada", relation: "likes", object: "tea" })
  const hits = await before.search("harbor port")
  const sentences = await before.search("harbor port", { unit: "sentence" })
  await first.close()

  const second = await LevelStore.open(folder)
  t.teardown(() => second.close())
  const after = new KnowledgeBase(levelRecords(second, "knowledge")).of("default")
  t.same(await after.search("harbor port"), hits)
  t.same(await after.search("harbor port", { unit: "sentence" }), sentences)
  t.match(hits[0], { source: "guide.md", heading: "Harbor" })
  t.match(await after.documents(), [{ id: "guide.md", chunks: 2 }])
  t.match(await after.facts({ subject: "Ada" }), [{ object: "tea" }])
  const again = markdown("guide.md", "# Harbor\n\nThe harbor listens on port 99.\n\n```\nharbor --port 99\n```\n")
  t.match(await after.add(again), { unchanged: true })
})

t.test("tenants see nothing of each other, also when one's name begins with the other's", async (t) => {
  const base = new KnowledgeBase(memoryRecords())
  const [one, on, other] = ["one", "on", "default"].map((tenant) => base.of(tenant)) as [
    Knowledge,
    Knowledge,
    Knowledge,
  ]
  await one.add(text("a", "The harbor is red."))
  await on.add(text("a", "The harbor is blue."))
  await one.assert({ subject: "Ada", relation: "likes", object: "tea" })
  t.match(await one.search("harbor"), [{ text: /red/ }])
  t.match(await on.search("harbor"), [{ text: /blue/ }])
  t.same(await other.search("harbor"), [])
  t.same(await on.facts({}), [])
  t.notOk(await other.remove("a"))
  t.ok(await on.remove("a"))
  t.equal((await one.search("harbor")).length, 1)
})

t.test("no two rows of names lead to the same document, fact or record", async (t) => {
  const base = new KnowledgeBase(memoryRecords())
  const names = ["a", "a/b", "b", "a%2Fb", "a/", "/a", "%", "a\u00a0b", "constructor"]
  for (const tenant of names)
    for (const id of names) {
      await base.of(tenant).add(text(id, `${tenant} and ${id}`))
      await base
        .of(tenant)
        .records(id, z.object({ who: z.string() }))
        .put(id, { who: tenant })
    }
  for (const tenant of names) {
    t.same((await base.of(tenant).documents()).map(({ id }) => id).sort(), [...names].sort())
    for (const type of names)
      t.same(
        await base
          .of(tenant)
          .records(type, z.object({ who: z.string() }))
          .find(),
        [[type, { who: tenant }]],
      )
  }
  const facts = base.of("facts")
  for (const subject of names) for (const object of names) await facts.assert({ subject, relation: "/", object })
  t.equal((await facts.facts({})).length, names.length ** 2)
  for (const subject of names) t.equal((await facts.facts({ subject })).length, names.length)
})

t.test("an id that is no name is refused, whatever is to stand under it", async (t) => {
  const base = new KnowledgeBase(memoryRecords())
  const knowledge = base.of("default")
  for (const bad of ["", "a\u0000b", "\ud800", "line\nend", "x".repeat(513)]) {
    await t.rejects(knowledge.add(text(bad, "The harbor.")), { code: "INVALID_NAME" })
    await t.rejects(knowledge.records("city", z.object({})).put(bad, {}), { code: "INVALID_NAME" })
    t.throws(() => base.of(bad), { code: "INVALID_NAME" })
    t.throws(() => knowledge.records(bad, z.object({})), { code: "INVALID_NAME" })
  }
  await t.rejects(knowledge.assert({ subject: "\ud800", relation: "is", object: "x" }), { code: "INVALID_FACT" })
  const long = { subject: "Ada", relation: "wrote", object: "word ".repeat(1000) }
  await knowledge.assert(long)
  t.same(await knowledge.facts({ subject: "Ada" }), [long], "a fact's parts may be long")
})

t.test("what stands under keys of before is found under its names", async (t) => {
  const records = memoryRecords()
  const old = (...parts: readonly string[]): string => parts.map((part) => `${part}\u0000`).join("")
  const vector = new Float32Array(256)
  await new KnowledgeBase(records).of("t").add(text("notes/a.md", "The harbor is old."))
  const key = joined("t", "document", "notes/a.md")
  const document = await records.get(key)
  await records.write([
    [key, undefined],
    [old("t", "document", "notes/a.md"), document],
    [old("t", "fact", "Ada", "likes", "tea"), { subject: "Ada", relation: "likes", object: "tea" }],
    [`${old("t", "record", "city")}oslo`, { id: "oslo", record: { people: 1 } }],
    [
      old("tt", "document", "x"),
      { id: "x", hash: "", bytes: 0, passages: [{ text: "The harbor is another's.", vector }] },
    ],
  ])
  const knowledge = new KnowledgeBase(records).of("t")
  t.same(await knowledge.facts({ subject: "Ada" }), [{ subject: "Ada", relation: "likes", object: "tea" }])
  t.same(await knowledge.records("city", z.object({ people: z.int() })).get("oslo"), { people: 1 })
  t.match(await knowledge.search("harbor"), [{ source: "notes/a.md" }])
  t.ok(await knowledge.remove("notes/a.md"))
  t.same(await new KnowledgeBase(records).of("t").documents(), [])
  t.match(await new KnowledgeBase(records).of("tt").documents(), [{ id: "x" }])
})

t.test("Markdown is read as headings, paragraphs, items, rows and code", async (t) => {
  const content = [
    "Before any heading, *truly*.",
    "# The `harbor` & [port](x.md)",
    "- first\n  - nested\n- second",
    "> quoted",
    "| name | port |\n|---|---|\n| REST | 7420 |",
    "```sh\nnpm start\n```",
    "<!-- hidden -->",
  ].join("\n\n")
  const heading = "The harbor & port"
  t.same(await passagesOf(markdown("a.md", content)), [
    { text: "Before any heading, truly." },
    { heading, text: "first\nnested\nsecond\nquoted\nname: REST; port: 7420" },
    { heading, text: "npm start", code: true },
  ])
})

t.test("HTML is read without its marks, scripts and styles, with its title and what its pictures show", async (t) => {
  const content = `<html><head><title>Food</title><style>p { color: red }</style></head><body>
    <p>Fish &amp; chips, <b>hot</b>.</p><h2>The <i>harbor</i></h2>
    <p>Read <a href="https://example.com">this</a>.<br># 1 is no heading</p><ul><li>one</li><li>two</li></ul>
    <table><tr><th>name</th><th>port</th></tr><tr><td>REST</td><td>7420</td></tr></table>
    <pre>npm start

npm stop</pre><script>alert("no")</script>
    <svg><title>icon</title></svg><p>See<img src="a.png" alt="an old windmill">here.<img alt=""></body></html>`
  const heading = "The harbor"
  t.same(await passagesOf({ id: "a.html", format: "html", content }), [
    { heading: "Food", text: "Fish & chips, hot." },
    { heading, text: "Read this. # 1 is no heading\none\ntwo\nname; port\nREST; 7420" },
    { heading, text: "npm start\n\nnpm stop", code: true },
    { heading, text: "See an old windmill here." },
  ])
})

t.test("plain text is read as paragraphs, bytes as UTF-8", async (t) => {
  const content = Buffer.from("One\nline.\r\n\r\n  Über zwei.  \n\n\n")
  t.same(await passagesOf({ id: "a.txt", format: "text", content }), [{ text: "One line.\nÜber zwei." }])
})

t.test("a PDF is read page by page, given as bytes or base64", async (t) => {
  const knowledge = fresh()
  const bytes = pdfOfLines(["The harbor opens at six.", "The lantern is green."])
  t.same(await knowledge.add({ id: "a.pdf", format: "pdf", content: bytes }), {
    id: "a.pdf",
    chunks: 2,
    unchanged: false,
    notes: [],
  })
  await knowledge.add({
    id: "b.pdf",
    format: "pdf",
    content: Buffer.from(pdfOfLines(["A lighthouse."])).toString("base64"),
  })
  t.match((await knowledge.search("lantern"))[0], {
    source: "a.pdf",
    heading: "page 2",
    text: "The lantern is green.",
  })
  t.match((await knowledge.search("lighthouse"))[0], { source: "b.pdf", heading: "page 1" })
})

t.test("a PDF that is none is refused by its name", async (t) => {
  const knowledge = fresh()
  for (const content of [Buffer.from("no PDF at all"), "", Buffer.from("%PDF-1.4\ncut")])
    await t.rejects(knowledge.add({ id: "bad.pdf", format: "pdf", content }), {
      code: "DOCUMENT_UNREADABLE",
      message: "bad.pdf is not a PDF that can be read",
    })
  t.same(await knowledge.documents(), [])
})

t.test("a document above the limit is refused with both figures", async (t) => {
  const limit = 32 * 1024 * 1024
  const knowledge = fresh()
  await t.rejects(knowledge.add({ id: "big.txt", format: "text", content: new Uint8Array(limit + 1) }), {
    code: "DOCUMENT_TOO_LARGE",
    message: `big.txt has ${limit + 1} bytes; at most ${limit} are taken`,
  })
})

t.test("no passage is longer than the limit, and no word is lost, whatever the text", async () => {
  await documentsAreWhole(50)
})

t.test("code is found as a passage, never given as a sentence", async (t) => {
  const knowledge = fresh()
  await knowledge.add(
    markdown(
      "a.md",
      "# Start\n\n```sh\nThe harbor starts here.\n```\n\n- item\n\n  ```sh\n  The harbor starts there.\n  ```\n\nThe harbor is old.\n",
    ),
  )
  await knowledge.add({ id: "b.html", format: "html", content: "<pre>The harbor starts anew.</pre><p>No more.</p>" })
  const passages = await knowledge.search("harbor starts", { limit: 10 })
  t.equal(passages.filter(({ text }) => text.includes("harbor starts")).length, 3)
  const sentences = await knowledge.search("harbor starts", { limit: 10, unit: "sentence" })
  t.same(
    sentences.filter(({ text }) => text.includes("starts")),
    [],
  )
  t.ok(sentences.some(({ text }) => text === "The harbor is old."))
})

t.test("a question is never given as an answer, nor a sentence that quotes the question asked", async (t) => {
  const knowledge = fresh()
  await knowledge.add(
    text(
      "a",
      'Where is the harbor kept? "Is the harbor kept?" (Who kept the harbor?) Ask it where the harbor is and see. The harbor is kept in the bay.',
    ),
  )
  const options = { unit: "sentence", limit: 10, question: "where the harbor is" } as const
  t.same(
    (await knowledge.search("harbor kept", options)).map(({ text }) => text),
    ["The harbor is kept in the bay."],
  )
})

t.test("facts are asserted once, found by any field, and retracted", async (t) => {
  const knowledge = fresh()
  const tea = { subject: "Ada", relation: "likes", object: "tea" }
  const cake = { subject: "Ada", relation: "likes", object: "cake", source: "talk" }
  const other = { subject: "Adam", relation: "likes", object: "tea" }
  for (const one of [tea, cake, other, tea]) await knowledge.assert(one)
  t.same(await knowledge.facts({ subject: "Ada" }), [cake, tea], "Adam is another")
  t.same(await knowledge.facts({ object: "tea" }), [tea, other])
  t.same(await knowledge.facts({ relation: "likes", source: "talk" }), [cake])
  t.same(await knowledge.facts({ subject: "Ad" }), [])
  t.equal((await knowledge.facts({})).length, 3)
  t.ok(await knowledge.retract(tea))
  t.notOk(await knowledge.retract(tea))
  t.same(await knowledge.facts({ subject: "Ada" }), [cake])
  for (const field of ["subject", "relation", "object"])
    await t.rejects(knowledge.assert({ ...tea, [field]: " " }), {
      code: "INVALID_FACT",
      message: `the fact's ${field} is empty`,
    })
})

t.test("a folder is added with everything readable below it, under a prefix, telling how far it is", async (t) => {
  const folder = t.testdir({
    "a.md": "# A\n\nThe harbor is old.",
    "B.TXT": "The lantern is green.",
    "photo.png": "not text",
    "broken.pdf": "not a PDF",
    deep: { er: { "c.html": "<p>The meadow is wide.</p>" } },
  })
  const knowledge = fresh()
  const progress: [number, number, string][] = []
  const added = await knowledge.addFolder(folder, {
    prefix: "book/",
    onProgress: (...step) => progress.push(step),
  })
  t.same(
    progress.map(([done, of]) => [done, of]),
    [1, 2, 3, 4].map((done) => [done, 4]),
  )
  t.match(added, { documents: 3, chunks: 3 })
  t.match(
    added.refused,
    [{ code: "DOCUMENT_UNREADABLE", message: /book\/broken\.pdf/ }],
    "one bad document keeps no other out",
  )
  t.same(
    progress.map(([, , id]) => id).sort(),
    ["B.TXT", "a.md", "broken.pdf", "deep/er/c.html"].map((name) => `book/${name}`),
  )
  t.match((await knowledge.search("meadow"))[0], { source: "book/deep/er/c.html" })
  await t.rejects(knowledge.addFolder(join(folder, "missing")), {
    code: "DOCUMENT_UNREADABLE",
    message: /cannot read the folder .*missing/,
  })
})

t.test("documents of two folders are two, also when the folders and the files have the same names", async (t) => {
  const root = t.testdir({
    one: { "README.md": "The harbor is old." },
    two: { "README.md": "The harbor is new." },
    deep: { one: { "README.md": "The harbor is deep." } },
  })
  const knowledge = fresh()
  const addAll = async (): Promise<void> => {
    for (const path of ["one", "two", "deep/one"]) await knowledge.addFolder(join(root, path))
  }
  const ids = async (): Promise<string[]> => (await knowledge.documents()).map(({ id }) => id)
  await addAll()
  t.same(await ids(), ["deep/one/README.md", "one/README.md", "two/README.md"])
  await addAll()
  t.same(await ids(), ["deep/one/README.md", "one/README.md", "two/README.md"], "and so at the next start")
  t.equal((await knowledge.search("harbor")).length, 3)

  const other = fresh()
  const [one, two] = ["one", "deep/one"].map((path) => join(root, path))
  await Promise.all([one, two].map((path) => other.addFolder(path as string)))
  // Which of them comes first has the short name.
  const atOnce = (await other.documents()).map(({ id }) => id)
  t.equal(new Set(atOnce).size, 2, "added at once")
  for (const id of atOnce) t.match(id, /(?:^|\/)one\/README\.md$/)
})

t.test("a document that is given with its folder has the id that the folder would give it", async (t) => {
  const records = memoryRecords()
  const given = (folder: string, id = "README.md") => ({ ...text(id, "The harbor is old."), folder })
  const knowledge = new KnowledgeBase(records).of("default")
  const [first, second] = await Promise.all([knowledge.add(given("/a/one")), knowledge.add(given("/b/one"))])
  t.same([first.id, second.id], ["one/README.md", "b/one/README.md"])
  const later = new KnowledgeBase(records).of("default")
  t.match(await later.add(given("/b/one")), { id: "b/one/README.md", unchanged: true })
  t.match(await later.add(given("/a/one", "deep/b.md")), { id: "one/deep/b.md", unchanged: false })
  t.match(await later.add(given("/c/../c/one/")), { id: "c/one/README.md" })
  t.match(await later.add(given("/")), { id: "README.md" })
  for (const folder of ["/half\ud800", 5 as unknown as string])
    await t.rejects(later.add(given(folder)), { code: /INVALID_(NAME|OPTION)/ })
})

t.test("a file that is no longer in its folder is no longer known when the folder is added again", async (t) => {
  const root = t.testdir({ book: { "a.md": "The harbor is old.", "b.md": "The meadow is wide." }, "other.md": "" })
  const records = memoryRecords()
  const first = new KnowledgeBase(records).of("default")
  await first.addFolder(join(root, "book"))
  await first.add(text("book/by-hand", "The castle is high."))
  await rm(join(root, "book", "b.md"))
  await rename(join(root, "book"), join(root, "moved"))
  await mkdir(join(root, "elsewhere"))
  await rename(join(root, "moved"), join(root, "elsewhere", "book"))
  const second = new KnowledgeBase(records).of("default")
  t.match(await second.addFolder(join(root, "elsewhere", "book")), { documents: 1, removed: ["book/b.md"] })
  t.same(
    (await second.documents()).map(({ id }) => id),
    ["book/a.md", "book/by-hand"],
    "what was added by hand stays",
  )
  t.same(await second.search("meadow"), [])
})

t.test("a document of before is found, and gives way to the folder that it stands in", async (t) => {
  const records = memoryRecords()
  const old = (id: string) => ({
    id,
    hash: "x",
    bytes: 3,
    passages: [{ text: "The harbor is old.", vector: new Float32Array(256) }],
  })
  for (const id of ["README.md", "mine.md"]) await records.write([[joined("default", "document", id), old(id)]])
  const knowledge = new KnowledgeBase(records).of("default")
  t.same(
    (await knowledge.search("harbor")).map(({ source, text }) => [source, text]),
    [
      ["README.md", "The harbor is old."],
      ["mine.md", "The harbor is old."],
    ],
  )
  const root = t.testdir({ book: { "README.md": "The harbor is new." } })
  t.match(await knowledge.addFolder(join(root, "book")), { removed: ["README.md"] })
  t.same(
    (await knowledge.documents()).map(({ id }) => id),
    ["book/README.md", "mine.md"],
  )
})

t.test("a large document is found whole or not at all, whatever fails while it is written", async (t) => {
  const records = memoryRecords()
  const content = Array.from({ length: 3000 }, (_, i) => `# h${i}\n\nThe harbor is old.\n`).join("\n")
  for (const at of [1, 2, 4, 6]) {
    let writes = 0
    const failing: RecordStore = {
      ...records,
      write: (changes) => (++writes === at ? Promise.reject(new Error("disk full")) : records.write(changes)),
    }
    const knowledge = new KnowledgeBase(failing).of("default")
    await t.rejects(knowledge.add(markdown("a", content)), /disk full/)
    t.same(await knowledge.documents(), [])
    t.same(await knowledge.search("harbor"), [])
    for await (const [key] of records.entries("")) t.fail(`${key} is left`)
  }
  const knowledge = new KnowledgeBase(records).of("default")
  t.match(await knowledge.add(markdown("a", content)), { chunks: 3000 })
  await knowledge.add(markdown("a", "The harbor is new."))
  t.match(await knowledge.search("harbor"), [{ text: "The harbor is new." }])
  let count = 0
  for await (const entry of records.entries("")) count += entry.length / 2
  t.equal(count, 2, "nothing of what was before is left")
  await knowledge.remove("a")
  for await (const [key] of records.entries("")) t.fail(`${key} is left`)
})

t.test("the sentence that answers stands first for 95 of 100 questions of the main job", async (t) => {
  const { items, files } = mainJob(200, 7)
  const knowledge = fresh()
  for (const [id, content] of Object.entries(files)) await knowledge.add(markdown(id, content))
  const lexicon = new Lexicon(new Dice(11), "seen")
  for (let document = 0; document < 40; document++) {
    const prose = Array.from({ length: 5 }, () => fact(lexicon).sentence).join(" ")
    await knowledge.add(markdown(`prose-${document}.md`, `# Prose\n\n${prose}\n`))
  }
  let right = 0
  for (const { question, value } of items) {
    const topic = /where is (.+) \w+\?$/.exec(question)?.[1] ?? ""
    const [first] = await knowledge.search(topic, { unit: "sentence", limit: 1, question })
    const sentence = first?.text.toLowerCase() ?? ""
    if (sentence.startsWith(`${topic.toLowerCase()} is `) && sentence.includes(value.toLowerCase())) right += 1
  }
  t.ok(right >= 190, `${right} of 200`)
})

t.test("what is no document and no search is refused with what would be right", async (t) => {
  const knowledge = fresh()
  for (const document of [
    { id: "a", format: "docx", content: "x" },
    { id: "a", format: "toString", content: "x" },
    { id: "a", content: "x" },
    { id: "a", format: "text", content: 5 },
    { id: "a", format: "text" },
  ])
    await t.rejects(knowledge.add(document as never), { code: "INVALID_OPTION" }, JSON.stringify(document))
  for (const id of [".", "..", "", "a\nb", 5])
    await t.rejects(knowledge.add({ id, format: "text", content: "x" } as never), { code: "INVALID_NAME" }, String(id))
  for (const query of [5, null, undefined, {}])
    await t.rejects(knowledge.search(query as never), { code: "INVALID_OPTION" }, String(query))
  for (const options of [
    { unit: "word" },
    { limit: Number.NaN },
    { limit: -1 },
    { limit: 1.5 },
    { question: 5 },
    { most: 3 },
    7,
  ])
    // prettier-ignore
    await t.rejects(knowledge.search("x", options as never), { code: "INVALID_OPTION" }, JSON.stringify(options))
  t.same(await knowledge.search("x", { limit: 1, unit: "sentence", question: "what?" }), [])
})

t.test("what was guessed, passed over or has no text stands in the notes", async (t) => {
  const folder = t.testdir({
    "a.md": "The harbor is old.",
    "empty.md": "",
    "blank.txt": " \n\n ",
    "pdf.txt": "%PDF-1.4\n1 0 obj << /Type /Catalog >>",
    "data.json": "{}",
    "more.json": "{}",
    noext: "x",
    deep: {},
  })
  await writeFile(join(folder, "wide.txt"), "The lantern is green.", "utf16le")
  await symlink(join(folder, "a.md"), join(folder, "link.md"))
  await symlink(join(folder, "deep"), join(folder, "linked"))
  await symlink(join(folder, "gone.md"), join(folder, "dangling.md"))
  const knowledge = fresh()
  const { notes, refused, documents } = await knowledge.addFolder(folder, { prefix: "book/" })
  t.equal(documents, 4)
  t.same([...notes].sort(), [
    "book/blank.txt: it has no text",
    "book/empty.md: it has no text",
    "book/wide.txt: it does not say its encoding and was read as UTF-16",
    "dangling.md is a link, and was not followed",
    "files that are no documents were left out: 1 without an end, 2 .json",
    "link.md is a link, and was not followed",
    "linked is a link, and was not followed",
  ])
  t.match(refused, [{ code: "DOCUMENT_UNREADABLE", message: /book\/pdf\.txt is a PDF/ }])
  t.match(await knowledge.search("lantern"), [{ source: "book/wide.txt" }])
})
