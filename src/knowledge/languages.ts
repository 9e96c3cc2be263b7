/**
 * Languages that knowledge knows the grammar of: the words that only grammar puts there, and the endings that only
 * grammar gives a word.
 *
 * Invariants
 *   L1. Function words are written here without accents.
 *   L2. A word in an alphabet that is not Latin is taken for one of the language here that has this alphabet.
 */
import { stemmer as dutch } from "@orama/stemmers/dutch"
import { stemmer as french } from "@orama/stemmers/french"
import { stemmer as german } from "@orama/stemmers/german"
import { stemmer as greek } from "@orama/stemmers/greek"
import { stemmer as hindi } from "@orama/stemmers/indian"
import { stemmer as italian } from "@orama/stemmers/italian"
import { stemmer as portuguese } from "@orama/stemmers/portuguese"
import { stemmer as russian } from "@orama/stemmers/russian"
import { stemmer as spanish } from "@orama/stemmers/spanish"

export interface Language {
  readonly functionWords: ReadonlySet<string>
  /** Without endings; accents and all. */
  readonly stem: (word: string) => string
  /** Letters that tell the language where no function word does. */
  readonly letters?: RegExp
  /** Words are joined without a space: Datenbanksicherung. */
  readonly compounds?: true
}

const set = (words: string): ReadonlySet<string> => new Set(words.trim().split(/\s+/))

/** English: plural and the commonest verb endings, and the mute e that comes and goes with them. */
export function stemEnglish(word: string): string {
  const bare = withoutEnding(word)
  return bare.length > 3 && bare.endsWith("e") ? bare.slice(0, -1) : bare
}

function withoutEnding(word: string): string {
  if (word.length > 4 && word.endsWith("ies")) return `${word.slice(0, -3)}y`
  if (word.length > 5 && word.endsWith("ing")) return word.slice(0, -3)
  if (word.length > 4 && word.endsWith("ed")) return word.slice(0, -2)
  if (word.length > 3 && word.endsWith("es") && /(s|x|z|ch|sh)es$/.test(word)) return word.slice(0, -2)
  if (word.length > 3 && word.endsWith("s") && !word.endsWith("ss")) return word.slice(0, -1)
  return word
}

/** Also typed without its dots: Schluessel. */
const umlaut = (stem: string): string => stem.replace(/([aou])e/g, "$1")

/**
 * Larkey's light stemmer: the article with what is written before it, and the commonest endings.
 *
 * @see https://doi.org/10.1007/978-1-4020-6046-5_12
 */
const arabic = (word: string): string =>
  word
    .replace(/^و(?=.{3})/, "")
    .replace(/^(?:ال|بال|كال|فال|لل)(?=.{2})/, "")
    .replace(/(?<=.{2})(?:ها|ان|ات|ون|ين|يه|يا)$/, "")
    .replace(/(?<=.{2})[هي]$/, "")

/** Languages in Latin letters. English comes first: it is taken where one must be chosen. */
export const latinLanguages: readonly [Language, ...Language[]] = [
  {
    functionWords: set(`
      a an the is are was were be been do does did has have had of in on at to for by with from and or
      not it its this that these those what which who whom whose where when why how can could should
      would will may might must i you we they he she me my our your please tell show much many
    `),
    stem: stemEnglish,
  },
  {
    functionWords: set(`
      der die das den dem des ein eine einer eines einem einen und oder aber nicht kein keine ist sind
      war waren wird werden wurde wurden hat haben hatte kann konnen muss mussen soll darf ich du er sie
      es wir ihr man sich mit von vom zu zum zur im am an auf aus bei nach vor fur durch uber unter um
      als wie wo wann wer wen wem was warum wohin woher welche welcher welches welchem welchen dass ob
      auch nur noch mehr viel viele bis seit gegen ohne in
    `),
    stem: (word) => umlaut(german(word)),
    letters: /[äöü]/,
    compounds: true,
  },
  {
    functionWords: set(`
      le la les l un une des du de d au aux et ou mais ne n pas est sont etait ete etre a ai ont avoir
      avait on il elle ils elles je j tu nous vous se s ce c cet cette ces qui que qu quoi quel quelle
      quels quelles dont comment combien quand pourquoi dans sur sous par pour avec sans chez entre vers
      en y son sa ses leur leurs mon ma mes votre vos notre nos t m peut faut doit tout tous plus
    `),
    stem: french,
    letters: /[çœèêàùîûôë]/,
  },
  {
    functionWords: set(`
      el la los las un una unos unas de del al y o pero no es son era fue ser esta estan ha han hay se
      su sus lo le les me te nos mi mis tu tus que quien quienes cual cuales como cuando donde cuanto
      cuanta cuantos cuantas en con sin por para sobre entre hasta desde muy mas ya este esta estos
      estas ese esa
    `),
    stem: spanish,
    letters: /ñ/,
  },
  {
    functionWords: set(`
      il lo la i gli le un uno una di del dello della dei degli delle a al allo alla ai agli alle da dal
      dalla in nel nella nei nelle con su sul sulla per tra fra e o ma non si che chi cui quale quali
      quanto quanta quanti quante come quando dove e sono era essere ha hanno questo questa questi
      queste ci ne dell nell l d sull all piu
    `),
    stem: italian,
    letters: /[ìò]/,
  },
  {
    functionWords: set(`
      o a os as um uma uns umas de do da dos das no na nos nas em ao aos pelo pela pelos pelas com sem
      por para entre sobre e ou mas nao se que quem qual quais como quando onde quanto quanta quantos
      quantas e sao era foi ser esta estao ha tem seu sua seus suas este esta estes estas esse essa isso
      mais ja
    `),
    stem: portuguese,
    letters: /[ãõ]/,
  },
  {
    functionWords: set(`
      de het een en of maar niet geen is zijn was waren wordt worden werd heeft hebben had kan kunnen
      moet moeten mag ik jij je hij zij ze wij we jullie men met van voor naar bij op in uit aan over
      onder door tot om als hoe waar wanneer wie wat waarom welke dat dit deze die er ook nog meer veel
      te
    `),
    stem: dutch,
    compounds: true,
  },
]

/** Languages of the other alphabets. */
export const otherLanguages = {
  cyrillic: {
    functionWords: set(`
      и в во не что он на я с со как а то все она так его но да ты к у же вы за бы по только ее мне было
      вот от меня еще нет о из ему когда даже ну ли если уже или ни быть был до вас там потом себя ей
      они тут где есть надо для мы их чем была чтобы без чего тоже под будет кто этот какой какая какие
      сколько это при об
    `),
    stem: russian,
  },
  greek: {
    functionWords: set(`
      ο η το οι τα του τησ των τον την τουσ τισ ενασ μια ενα και η αλλα δεν ειναι ηταν θα να που πωσ
      ποτε ποιοσ ποια ποιο ποσο ποσα τι γιατι με σε στο στη στον στην στα απο για κατα μετα πριν ωσ
    `),
    stem: greek,
  },
  arabic: {
    functionWords: set(`
      في من على الى عن مع هل ما ماذا متى متي اين كيف كم من هو هي هم هذا هذه ذلك تلك التي الذي الذين ان
      كان كانت يكون لا لم لن قد كل بعد قبل عند او ثم اي ايه الي علي لماذا يمكن يجب له لها لهم به بها فيه
      فيها منه منها توجد يوجد
    `),
    stem: arabic,
  },
  devanagari: {
    functionWords: set(`
      का की के को से में पर ने है हैं था थी थे हो होता होती होते हुआ हुई हुए और या कि यह वह ये वे इस उस
      जो तो भी ही नहीं न मत क्या कौन कब कहां कैसे क्यों कितना कितनी कितने किस किसका किसकी किसके कौनसा कर
      करता करती करते किया जाता जाती जाते जाए गया गई गए रहा रही रहे एक तक लिए साथ हम आप मैं तुम जब तब
    `),
    stem: hindi,
  },
} as const satisfies Record<string, Language>

/** What grammar puts between the words of scripts without spaces. */
export const functionCharacters = {
  han: set(`
      的 了 在 是 和 有 吗 呢 么 什 哪 几 这 那 我 你 他 她 它 们 不 也 就 都 而 及 与 或 嗎 麼 幾 這 們 與 會 会 可 以 被 把 要 很 何 谁 誰 为 為 什么
      什麼 哪里 哪裡 哪个 哪個 哪些 哪一 多少 怎么 怎麼 怎样 怎樣 如何 为何 為何 时候 時候 可以 能否 是否 多久 几个 幾個
    `),
  hiragana: set(`
      です ます まし した して する てい いる いま ある あり りま から まで って とい いう こと もの ので には では でき きま なけ けれ れば ばな なり りま せん とき きは
      どこ いつ だれ なに など どの この その れて って ため ませ くだ ださ さい にお おい よう され れま すか
    `),
  hangul: set(`
      니다 습니 합니 입니 있습 됩니 나요 까요 니까 인가 가요 어디 언제 무엇 누구 누가 얼마 있나 하나 하는 하고 있는 에요 예요 어요 아요 해요 됩니 되나 나요 을까 일까 합니
      수 몇 이 그 저 것 및
    `),
  unspaced: set(`
      ที่ ใน และ หรือ ของ ได้ ไหน อะไร เท่าไร เท่าไหร่ เมื่อไร เมื่อไหร่ กี่ ไว้ ให้ ต้อง เป็น คือ มี จะ
      ถ้า ไป มา แล้ว ก็ กับ จาก ถึง โดย ซึ่ง นี้ นั้น ไม่ อยู่ ใคร ทำไม อย่างไร ยังไง แค่ ครับ คะ ค่ะ
      ทุก การ ความ ว่า
    `),
} as const
