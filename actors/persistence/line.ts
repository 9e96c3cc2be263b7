/** Steps that follow each other: each waits for the `tail` that it found. */
export class Line {
  /** Settles with the last step that was added; undefined when none is open. */
  tail: Promise<void> | undefined = undefined

  /** Who gave the step need not look at how it ends. */
  add(step: Promise<void>): Promise<void> {
    this.tail = step
    const over = (): void => {
      if (this.tail === step) this.tail = undefined
    }
    step.then(over, over)
    return step
  }
}
