import t from "tap"
import { PassageIndex } from "#src/knowledge/finding/passage-index.js"
import { KnowledgeBase } from "#src/knowledge/knowledge-base.js"
import type { Embedder } from "#src/knowledge/knowledge.js"
import { isQuestion, sentencesOf, shortSentencesOf } from "#src/knowledge/sentences.js"
import { readQuery } from "#src/knowledge/terms.js"
import { memoryRecords } from "#src/record-store.js"
import { languagesHold } from "#test/support/language-property.js"
import { documents, heldOut, questions, type Question } from "./languages/library.js"

async function knowing(texts: Readonly<Record<string, string>>) {
  const knowledge = new KnowledgeBase(memoryRecords()).of("default")
  for (const [id, content] of Object.entries(texts)) await knowledge.add({ id, format: "text", content })
  return knowledge
}

async function rightAnswers(asked: readonly Question[]): Promise<{ documents: number; sentences: number }> {
  const knowledge = await knowing(documents)
  const right = { documents: 0, sentences: 0 }
  for (const { question, source, sentence } of asked) {
    const [passage] = await knowledge.search(question, { limit: 1 })
    const [first] = await knowledge.search(question, { limit: 1, unit: "sentence" })
    if (passage?.source === source) right.documents += 1
    if (first?.source === source && first.text.startsWith(sentence)) right.sentences += 1
  }
  return right
}

t.test("of 40 questions in eight languages 95 in 100 find the document first, 85 the sentence", async (t) => {
  const { documents, sentences } = await rightAnswers(questions)
  t.equal(questions.length, 40)
  t.ok(documents >= 38, `${documents} documents`)
  t.ok(sentences >= 34, `${sentences} sentences`)
  const held = await rightAnswers(heldOut)
  t.ok(held.documents >= 19, `${held.documents} documents of 20 held out`)
  t.ok(held.sentences >= 17, `${held.sentences} sentences of 20 held out`)
})

t.test("a word is found in another spelling and in another form, in any language", async (t) => {
  const table: [text: string, ...queries: string[]][] = [
    ["数据库备份每日进行一次，保存在蓝色抽屉里。", "抽屉", "蓝色的抽屉", "备份"],
    ["猫睡在屋顶上。", "猫", "屋顶"],
    ["ｻｰﾊﾞｰは地下にあります。", "サーバー", "サーバ", "地下"],
    ["창고에서 사과를 판다.", "창고", "사과는", "사과"],
    ["ห้องสมุดเปิดทุกวัน", "ห้องสมุด"],
    ["ດອກໄມ້ຢູ່ໃນສວນ", "ດອກໄມ້"],
    ["Das Café Müller öffnet um acht.", "cafe".normalize("NFD"), "café".normalize("NFD"), "CAFÉ", "Mueller", "muller"],
    ["Die Straße nach Graz ist gesperrt.", "strasse", "STRASSEN", "gesperrte"],
    ["Die Schiffsmodelle stehen im Keller.", "Modelle", "Schiff"],
    ["Les œufs sont dans l’armoire.", "oeuf", "armoires", "l'armoire"],
    ["السيّارة واقفة أمام البيت.", "سيارة", "والسيارات", "بَيْتٌ", "بيـــت"],
    ["क़लम मेज़ पर है।", "कलम", "\u0958लम", "मेज"],
    ["Ο δρόμος είναι κλειστός.", "ΔΡΟΜΟΣ", "δρομος", "δρόμοι"],
    ["Книги лежат на полке.", "книга", "полка"],
    ["Los relojes están en la estación.", "reloj", "estacion"],
    ["İzmir'de kar yağıyor.", "izmir", "İZMİR"],
    ["Room ４２ is locked.", "42", "rooms"],
    ["الغرفة ٧٣ مغلقة.", "73", "٧٣"],
    ["The ﬁre door needs co\u00adoperation.", "fire", "cooperation"],
  ]
  const knowledge = await knowing(Object.fromEntries(table.map(([text], i) => [`${i}`, text])))
  for (const [text, ...queries] of table)
    for (const query of queries) {
      const [sentence] = await knowledge.search(query, { limit: 1, unit: "sentence" })
      t.equal(sentence?.text, text.normalize("NFC"), query)
    }
})

t.test("sentences end at the marks of each language", async (t) => {
  for (const sentences of [
    ["猫在哪里？", "在屋顶上。", "它不下来！"],
    ["「はい。」と言った。", "雨です。"],
    ["猫は庭にいます。", "「犬は家にいます。」と言った。", "『鳥』は屋根にいます。"],
    ["他走了。", "“雨停了。”", "《红楼梦》在桌上。"],
    ["दरवाज़ा बंद है।", "चाबी मेज़ पर है॥"],
    ["أين القط؟", "على السطح.", "لن ينزل!"],
    ["고양이는 어디에 있나요?", "지붕 위에 있습니다."],
    ["โรงแรมแห่งนี้มีห้องพักทั้งหมด 40 ห้อง", "สระว่ายน้ำเปิดให้บริการถึงสามทุ่ม"],
    ["Am 3. Oktober ist geschlossen.", "Dr. Huber hat z. B. den Schlüssel.", "Das Haus steht in Graz."],
    ["Mr. Brown keeps the key.", "It is version 1.8.", "The rest is here."],
  ])
    for (const space of ["\n", " "]) t.same(sentencesOf(sentences.join(space)), sentences)
  for (const asking of ["Where?", "在哪里？", "أين؟", "どこですか。", "「どこですか？」", '("Who?")'])
    t.ok(isQuestion(asking), asking)
  for (const telling of ["Here.", "在这里。", "ここです。", "静かな町。"]) t.notOk(isQuestion(telling), telling)
})

t.test("what is too long for a sentence is cut after full stops, then after marks, then between words", async (t) => {
  const many = (text: string) => text.repeat(40).trim()
  const table: [text: string, first: string][] = [
    ["the cape is kept in the barn. " + many("filler text. "), "the cape is kept in the barn."],
    [
      "The cape is in the barn, " + many("with what nobody needs, "),
      "The cape is in the barn, with what nobody needs,",
    ],
    ["斗篷放在旧谷仓里，" + many("还有许多谁也不需要的东西，"), "斗篷放在旧谷仓里，还有许多谁也不需要的东西，"],
    ["The cape is in the barn " + many("0x7ff3a9c1 2026-01-01 "), "The cape is in the barn 0x7ff3a9c1"],
    ["🦭".repeat(400), "🦭".repeat(150)],
  ]
  for (const [text, first] of table) {
    const sentences = shortSentencesOf(text)
    t.match(sentences[0]?.slice(0, first.length), first)
    t.ok(
      sentences.every((sentence) => sentence.length <= 300 && sentence.isWellFormed()),
      first,
    )
    t.equal(sentences.join("").replaceAll(" ", ""), text.replaceAll(" ", ""))
  }
  t.same(shortSentencesOf("a short one. not cut."), ["a short one. not cut."])
})

t.test("spelling hides no word, and sentences lose nothing but white space, in random Unicode", async () =>
  languagesHold(200),
)

t.test("a query of any length costs what its beginning costs", async (t) => {
  const read: number[] = []
  const embedder: Embedder = {
    id: "counting",
    dimensions: 1,
    embed: async (texts) => texts.map((text) => (read.push(text.length), Float32Array.of(0))),
  }
  const index = new PassageIndex(embedder)
  const knowledge = new KnowledgeBase(memoryRecords()).of("default")
  const sentences = Array.from({ length: 400 }, (_, i) => `The number ${i} is kept in a drawer.`).join(" ")
  await knowledge.add({ id: "a", format: "text", content: sentences })
  for (const unit of ["a ", "a", "key-", "e\u0301", "数据库", "ห้อง", "﷽", "? ", "drawer "]) {
    const long = unit.repeat(4e6)
    read.length = 0
    await index.search({ query: long, question: long, limit: 1, proseOnly: true })
    await knowledge.search(long, { unit: "sentence", question: long })
    t.ok(Math.max(...read) <= 10_000, unit)
    t.ok(readQuery(long).terms.length <= 64, unit)
  }
  const many = Array.from({ length: 1e5 }, (_, i) => `word${i}`).join(" ")
  t.equal(readQuery(many).terms.length, 64)
  t.match(await knowledge.search(`drawer ${many}`, { limit: 1 }), [{ source: "a" }])
})
