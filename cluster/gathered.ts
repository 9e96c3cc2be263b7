/**
 * Questions that are asked together: those that come while as many calls as may be are under way wait, and go as one.
 *
 * Invariants
 *   G1. A question is part of a call that begins after it was asked.
 *   G2. At most `atOnce` calls are under way, each with `most` questions at most; questions go in the order in which they came.
 */
interface Asked<Question, Answer> {
  readonly question: Question
  readonly done: (answer: Answer) => void
  readonly fail: (error: unknown) => void
}

export class Gathered<Question, Answer> {
  readonly #call: (questions: readonly Question[]) => Promise<readonly Answer[]>
  readonly #atOnce: number
  readonly #most: number
  #waiting: Asked<Question, Answer>[] = []
  #underWay = 0
  #called = false

  /** @param call answers each question, in their order */
  constructor(
    call: (questions: readonly Question[]) => Promise<readonly Answer[]>,
    { atOnce = 1, most = 256 }: { readonly atOnce?: number; readonly most?: number } = {},
  ) {
    this.#call = call
    this.#atOnce = atOnce
    this.#most = most
  }

  ask(question: Question): Promise<Answer> {
    return new Promise((done, fail) => {
      this.#waiting.push({ question, done, fail })
      if (this.#called || this.#underWay >= this.#atOnce) return
      this.#called = true
      void Promise.resolve().then(() => this.#begin()) // what is asked in this turn goes along
    })
  }

  #begin(): void {
    this.#called = false
    while (this.#waiting.length > 0 && this.#underWay < this.#atOnce) {
      const group = this.#waiting.splice(0, this.#most)
      this.#underWay += 1
      void this.#answer(group).finally(() => {
        this.#underWay -= 1
        this.#begin()
      })
    }
  }

  async #answer(group: readonly Asked<Question, Answer>[]): Promise<void> {
    try {
      const answers = await this.#call(group.map(({ question }) => question))
      for (const [i, { done }] of group.entries()) done(answers[i] as Answer)
    } catch (error) {
      for (const { fail } of group) fail(error)
    }
  }
}
