import { randomBytes } from "node:crypto"
import { truncate, writeFile } from "node:fs/promises"
import { join } from "node:path"
import fc from "fast-check"
import t from "tap"
import { systemClock } from "#actors/clock.js"
import { defineActor } from "#actors/actor.js"
import { ActorSystem } from "#actors/system.js"
import "#src/errors.js"
import { KnowledgeBase } from "#src/knowledge/knowledge-base.js"
import type { Document, Knowledge } from "#src/knowledge/knowledge.js"
import type { Passage } from "#src/knowledge/reading/passages.js"
import { DocumentReader } from "#src/knowledge/reading/reader.js"
import { bytesOf } from "#src/knowledge/reading/document-bytes.js"
import { memoryRecords } from "#src/record-store.js"
import { pdfCompressed, pdfOf, pdfOfLines } from "#test/support/pdf.js"

const reader = new DocumentReader(systemClock)
t.teardown(() => reader.close())

async function passagesOf(format: Document["format"], content: string | Uint8Array): Promise<Passage[]> {
  const passages: Passage[] = []
  const document = { id: "a", format, content }
  await reader.read(document, await bytesOf(document, "", systemClock), async (block) => void passages.push(...block))
  return passages
}

const textOf = async (format: Document["format"], content: string | Uint8Array): Promise<string> =>
  (await passagesOf(format, content)).map(({ heading = "", text }) => `${heading}|${text}`).join("\n")

const base = new KnowledgeBase(memoryRecords())
t.teardown(() => base.close())
let tenants = 0
/** The knowledge of another tenant, which is none yet. */
const fresh = (): Knowledge => base.of(`tenant${++tenants}`)

/** A reader with less time than its own. */
const hasty = new DocumentReader({ ...systemClock, timer: (ms, callback) => systemClock.timer(ms / 50, callback) })
t.teardown(() => hasty.close())

const lists = (depth: number, step = "  "): string =>
  Array.from({ length: depth }, (_, i) => `${step.repeat(i)}- item`).join("\n")

const harmful: Readonly<Record<string, [Document["format"], () => string | Uint8Array, RegExp]>> = {
  "lists within lists, 500 deep": ["markdown", () => lists(500), /lists or quotations nested more than 64 deep/],
  "lists within lists, 1,000 deep": ["markdown", () => lists(1000), /nested more than 64 deep/],
  "lists within lists on one line": ["markdown", () => `${"- ".repeat(3000)}x`, /nested more than 64 deep/],
  "numbered lists within quotations": ["markdown", () => `${"> 1. ".repeat(900)}x`, /nested more than 64 deep/],
  "megabytes of quotation marks": [
    "markdown",
    () => `${">".repeat(1000)} x\n`.repeat(4000),
    /nested more than 64 deep/,
  ],
  "elements within elements, a million deep": ["html", () => "<div>".repeat(1_000_000), /nested more than 10000 deep/],
  "the same within Markdown": ["markdown", () => "<div>".repeat(100_000), /nested more than 10000 deep/],
  "a PDF that unfolds to 500 MB": ["pdf", () => pdfCompressed(Buffer.alloc(500e6, 32)), /unfolds to more than 80 MiB/],
  "a PDF of 1.5 kB that does": ["pdf", () => pdfCompressed(Buffer.alloc(500e6, 32), 2), /unfolds to more than 80 MiB/],
  "a PDF of pictures": ["pdf", () => pdfOf([{ stream: Buffer.from("0 0 m 10 10 l S") }]), /has no text in it/],
  "a PDF that is cut": ["pdf", () => pdfOfLines(["The harbor is old."]).slice(0, 300), /is not a PDF that can be read/],
  "a PDF of random bytes": ["pdf", () => Buffer.concat([Buffer.from("%PDF-1.7\n"), randomBytes(1e6)]), /is not a PDF/],
  "a text of random bytes": ["text", () => randomBytes(1e6), /is no text in an encoding that is known/],
  "a text in UTF-32": [
    "text",
    () =>
      Buffer.concat([
        Buffer.from([0xff, 0xfe, 0, 0]),
        ...Array.from("The saddle", (c) => Buffer.from([c.charCodeAt(0), 0, 0, 0])),
      ]),
    /is no text in an encoding that is known/,
  ],
  "a page of random bytes": ["html", () => randomBytes(1e6), /is no text in an encoding that is known/],
  "more passages than are taken": ["markdown", () => "# a\n\nb\n\n".repeat(220_000), /more than 200000 passages/],
}
for (const [name, [format, make, message]] of Object.entries(harmful))
  t.test(`${name}: the document is refused by the limit it meets, and the next is read`, async (t) => {
    const knowledge = fresh()
    await t.rejects(knowledge.add({ id: "bad", format, content: make() }), { code: "DOCUMENT_UNREADABLE", message })
    await knowledge.add({ id: "good", format: "text", content: "The harbor is old." })
    t.match(await knowledge.search("harbor"), [{ source: "good" }])
    t.match(await knowledge.documents(), [{ id: "good" }], "nothing of it is left")
  })

t.test("what takes too long to read is given up, on a thread that is replaced, and others go on", async (t) => {
  const slow = { id: "slow", format: "html", content: "<b>x".repeat(9000) + "</x>".repeat(500_000) } as const
  const reading = hasty.read(slow, await bytesOf(slow, "", systemClock), async () => undefined)
  await t.rejects(reading, { code: "DOCUMENT_UNREADABLE", message: /slow takes longer than \d+ s to read/ })
  const next = { id: "next", format: "text", content: "The harbor is old." } as const
  t.same(await hasty.read(next, await bytesOf(next, "", systemClock), async () => undefined), {
    passages: 1,
    notes: [],
  })
})

t.test("what takes too much memory to read ends its thread and not the node", async (t) => {
  const knowledge = fresh()
  const content = pdfOf([{ dictionary: `/Much [${"[] ".repeat(6_000_000)}]`, stream: Buffer.from("") }])
  await t.rejects(knowledge.add({ id: "greedy", format: "pdf", content }), {
    code: "DOCUMENT_UNREADABLE",
    message: "greedy takes more than 96 MiB of memory to read, the most that it is given",
  })
  t.match(await knowledge.add({ id: "good", format: "text", content: "The harbor is old." }), { chunks: 1 })
})

t.test("3,000 elements within each other are read", async (t) => {
  t.equal(await textOf("html", `${"<div>".repeat(3000)}deep${"</div>".repeat(3000)}`), "|deep")
})

t.test("a file that is too large is refused by its size before it is read", async (t) => {
  const folder = t.testdir({ "a.txt": "The harbor is old." })
  for (const name of ["sparse.pdf", "sparse.md"]) {
    await writeFile(join(folder, name), "")
    await truncate(join(folder, name), 1_400_000_000)
  }
  const knowledge = fresh()
  const { documents, refused } = await knowledge.addFolder(folder)
  t.equal(documents, 1)
  t.match(refused, [
    { code: "DOCUMENT_TOO_LARGE", message: /has 1400000000 bytes; at most 33554432/ },
    { code: "DOCUMENT_TOO_LARGE" },
  ])
})

t.test("an actor is answered while a large document is read and indexed", async (t) => {
  const Echo = defineActor({ name: "echo", state: () => ({}), receive: { say: (_ctx, word: string) => word } })
  const system = new ActorSystem({ name: "busy" })
  t.teardown(() => system.stop())
  const echo = system.spawn(Echo)
  const knowledge = fresh()
  await knowledge.search("anything") // from now on there is an index
  let added = false
  const adding = knowledge
    .add({ id: "large", format: "markdown", content: "# Harbor\n\nThe harbor is old. It is kept.\n\n".repeat(100_000) })
    .catch((error: unknown) => error)
    .finally(() => (added = true))
  let answers = 0
  while (!added) {
    await echo.ask("say", "hello")
    answers += 1
    await new Promise<void>((done) => systemClock.afterInputOutput(done))
  }
  t.match(await adding, { code: undefined, unchanged: false })
  t.ok(answers > 1000, `${answers} answers`)
})

t.test("a mark of the encoding is no part of the text, and the first heading stays", async (t) => {
  const text = "# Möwen\n\nDer Hafen ist alt."
  const wide = Buffer.from(`\ufeff${text}`, "utf16le")
  for (const content of [`\ufeff${text}`, Buffer.from(`\ufeff${text}`), wide, Buffer.from(wide).swap16()])
    t.equal(await textOf("markdown", content), "Möwen|Der Hafen ist alt.")
})

t.test("UTF-16 without a mark, Latin-1 and Windows-1252 are read, and what was guessed is told", async (t) => {
  const text = "Der Hafen ist schön. Übermut tut selten gut, sagt man."
  const knowledge = fresh()
  t.equal(await textOf("text", Buffer.from(text, "utf16le")), `|${text}`)
  t.equal(await textOf("text", Buffer.from(text, "utf16le").swap16()), `|${text}`)
  t.equal(await textOf("text", Buffer.from(text, "latin1")), `|${text}`)
  t.equal(await textOf("text", Buffer.from([0x80, 0x20, 0x31, 0x30])), "|€ 10")
  const added = await knowledge.add({ id: "l", format: "text", content: Buffer.from(text, "latin1") })
  t.match(added.notes, [/no UTF-8.*Windows-1252/])
  t.match(await knowledge.documents(), [{ id: "l", notes: added.notes }])
  const damaged = Buffer.concat([Buffer.from("schöne grüße von überall her, für dich"), Buffer.from([0xff])])
  t.match(await knowledge.add({ id: "d", format: "text", content: damaged }), { notes: [/^1 characters are damaged/] })
  t.match(await knowledge.search("überall"), [{ text: /grüße/ }])
})

t.test("a page of HTML is read in the encoding that it names", async (t) => {
  const page = (meta: string): string => `<html><head>${meta}</head><body><h1>Привет</h1><p>мир</p></body></html>`
  const windows1251 = (text: string): Buffer =>
    Buffer.from([...text].map((c) => (c >= "А" && c <= "я" ? c.charCodeAt(0) - 0x410 + 0xc0 : c.charCodeAt(0))))
  for (const meta of [
    '<meta charset="windows-1251">',
    '<meta http-equiv="Content-Type" content="text/html; charset=cp1251">',
  ])
    t.equal(await textOf("html", windows1251(page(meta))), "Привет|мир")
  t.equal(await textOf("html", page('<meta charset="latin1">')), "Привет|мир", "what is given as text is text")
})

t.test("any text is read in any encoding as it is", async (t) => {
  const words = fc.array(fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(words, async (given) => {
      // Control characters make a file of another kind of it.
      const text = given
        .join(" ")
        .replace(/\p{Cc}/gu, "")
        .trim()
      const expected = text.replace(/\s+/g, " ")
      const read = async (content: string | Uint8Array): Promise<string> =>
        (await passagesOf("text", content)).map((passage) => passage.text).join("\n")
      t.equal(await read(text), expected)
      t.equal(await read(Buffer.from(text)), expected)
      t.equal(await read(Buffer.from(`\ufeff${text}`, "utf16le")), expected)
    }),
    { numRuns: 30 },
  )
})

t.test("HTML within Markdown is read as HTML", async (t) => {
  const content = [
    '<div align="center"><h1>The Harbor</h1><p>It is <b>old</b>.</p></div>',
    "Then <b>bold</b> prose,<br>and more.",
    "<details><summary>More</summary>",
    "It is *kept*.",
    "</details>",
    "<script>hidden()</script>",
  ].join("\n\n")
  t.equal(await textOf("markdown", content), "The Harbor|It is old.\nThen bold prose, and more.\nMore\nIt is kept.")
})

t.test("a document of any length is read to its end", async (t) => {
  const words = (n: number): string => Array.from({ length: n }, (_, i) => `w${i}`).join(" ")
  const last = (passages: readonly Passage[]): Passage | undefined => passages.at(-1)
  const html = `<p>${"<i>The harbor is old.</i> ".repeat(700_000)}</p><p>The end.</p>`
  t.ok(html.length > 16_777_216)
  t.match(last(await passagesOf("html", html)), { text: /The end\.$/ })
  t.match(last(await passagesOf("text", words(400_000))), { text: /w399999$/ }, "one line of megabytes")
  const rows = Array.from({ length: 30_000 }, (_, i) => `| a${i} | b${i} |\n`).join("")
  const table = await passagesOf("markdown", `| one | two |\n|---|---|\n${rows}`)
  t.match(last(table), { text: /one: a29999; two: b29999$/ }, "a table keeps its header")
  const code = await passagesOf("markdown", `Before.\n\n\`\`\`sh\n${"npm start\n".repeat(60_000)}\`\`\`\n\nAfter.\n`)
  t.match(code[0], { text: "Before." })
  t.match(last(code), { text: "After." })
  t.ok(code.slice(1, -1).every(({ code, text }) => code === true && !text.includes("`")))
  t.equal(
    code
      .slice(1, -1)
      .map((passage) => passage.text)
      .join("")
      .split("npm start").length,
    60_001,
  )
})

t.test("a PDF tells which of its pages have no text", async (t) => {
  const line = (text: string) => ({ stream: Buffer.from(`BT /F1 12 Tf 20 100 Td (${text}) Tj ET`) })
  const picture = { stream: Buffer.from("0 0 m 10 10 l S") }
  const knowledge = fresh()
  const content = pdfOf([line("One."), picture, line("Three."), picture])
  t.match(await knowledge.add({ id: "a", format: "pdf", content }), {
    chunks: 2,
    notes: ["2 of 4 pages have no text in them: 2, 4"],
  })
})

t.test("columns and lines of a PDF are apart, however close they stand", async (t) => {
  const drawn = async (drawing: string): Promise<string> =>
    textOf("pdf", pdfOf([{ stream: Buffer.from(`BT /F1 12 Tf ${drawing} ET`) }]))
  const table: [drawing: string, text: string][] = [
    ["72 100 Td (Name) Tj 200 0 Td (Price) Tj -200 -20 Td (Gecko) Tj 200 0 Td (42) Tj", "Name Price Gecko 42"],
    ["20 100 Td (The key) Tj 0 -3 Td (stands) Tj 0 -1 Td (here) Tj", "The key stands here"],
    ["0 1 -1 0 100 20 Tm (Up) Tj 1 0 0 1 20 60 Tm (and on) Tj", "Up and on"],
    ["20 100 Td [(Wa) 80 (ter) -20 (fall)] TJ 5 Ts /F1 8 Tf (2) Tj", "Waterfall2"],
  ]
  for (const [drawing, text] of table) t.equal(await drawn(drawing), `page 1|${text}`)
})

t.test("what of a text is no character is told, however it came", async (t) => {
  const wide = (text: string) => Buffer.from(`\ufeff${text}`, "utf16le")
  const table: [format: Document["format"], content: Document["content"], damaged: number][] = [
    ["text", "half \ud83d of a \udc31 pair", 2],
    ["markdown", "# half \ud83d\n\n```\n\udc31\n```", 2],
    ["html", "<p title='\ud83d'>&#xd83d; and \udc31</p>", 2],
    ["text", wide("half \ud83d of a pair"), 1],
    ["text", Buffer.from([0x61, 0x20, 0xc3, 0x20, ...Buffer.from("ü ö ä")]), 1],
    ["text", "\ud83d".repeat(100_000), 100_000],
    ["text", "🐱".repeat(200_000), 0],
    ["text", wide("🐱"), 0],
  ]
  for (const [format, content, damaged] of table) {
    const { notes } = await fresh().add({ id: "a", format, content })
    t.same(
      notes,
      damaged === 0 ? [] : [`${damaged} characters are damaged, or half of a surrogate pair, and are shown as \ufffd`],
    )
  }
})

t.test("a heading that is too long for one is prose too", async (t) => {
  const [first] = await passagesOf("markdown", `# ${"long ".repeat(100)}end\n\nThe harbor.`)
  t.equal(first?.heading?.length, 200)
  t.match(first?.text, /^long long .* end\nThe harbor\.$/)
})

t.test("a heading that nothing stands under is found, and is no sentence", async (t) => {
  const content = "# Zebra stable\n\n## Lion\n\nThe cage is blue.\n\n## Giraffe\n\n## Okapi\n\n```sh\nrun\n```\n\n# End"
  t.same(await passagesOf("markdown", content), [
    { text: "Zebra stable", code: true },
    { heading: "Lion", text: "The cage is blue." },
    { text: "Giraffe", code: true },
    { heading: "Okapi", text: "run", code: true },
    { text: "End", code: true },
  ])
  const page = "<title>Gazelles</title><h1>Gazelles</h1><p>They run.</p><h2></h2><p>Fast.</p>"
  t.equal(await textOf("html", page), "Gazelles|They run.\n|Fast.")
  const knowledge = fresh()
  t.match(await knowledge.add({ id: "a.md", format: "markdown", content: "# Ring at five" }), { chunks: 1, notes: [] })
  t.match(await knowledge.search("ring"), [{ source: "a.md", text: "Ring at five" }])
  t.same(await knowledge.search("ring", { unit: "sentence" }), [])
})

t.test("a document that changes while others are added is found as one of its contents", async (t) => {
  const knowledge = fresh()
  const add = (n: number) =>
    knowledge.add({ id: "a", format: "text", content: `The harbor is ${n} years old. `.repeat(300) })
  await add(0)
  let done = false
  const adding = Promise.all([1, 2, 3, 4, 5].map(add)).finally(() => (done = true))
  while (!done) {
    const found = await knowledge.search("harbor years", { limit: 20 })
    t.equal(new Set(found.map(({ text }) => /is (\d)/.exec(text)?.[1])).size, 1)
  }
  await adding
  t.match(await knowledge.search("harbor"), [{ text: /is 5 years/ }])
})
