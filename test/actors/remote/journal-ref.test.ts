import { memoryJournal } from "#actors/persistence/memory-journal.js"
import { JournalRef, remoteJournal } from "#actors/remote/journal-ref.js"
import { journalContract } from "#test/support/journal-contract.js"

// Of what lies between the two ends, `refs.test.ts` of the workers tells.
journalContract(
  "of another system",
  async (_, clock) => {
    const ref = new JournalRef(memoryJournal(clock))
    return remoteJournal(() => ref)
  },
  false,
)
