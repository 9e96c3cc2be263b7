import { cp } from "node:fs/promises"
import { join } from "node:path"
import t from "tap"
import { calibratedTasks, embeddedFolder, readCalibration } from "#src/models/calibration.js"
import { calibrate } from "#src/models/training/calibrate.js"
import { calibrationQuestions } from "#src/models/training/calibration-questions.js"
import { generalQuestions } from "#test/support/general-questions.js"

t.test("calibrating again finds the same words, and thresholds that most right answers pass", async (t) => {
  const folder = join(t.testdir(), "scribe")
  await cp(embeddedFolder, folder, { recursive: true })
  const rows = await calibrate(folder, 15)
  const shipped = readCalibration(embeddedFolder)
  const found = readCalibration(folder)
  t.strictSame(found.words, shipped.words)
  t.strictSame(found.talk, shipped.talk)
  for (const task of calibratedTasks) {
    t.equal(found.least[task], rows[task].threshold)
    t.ok(rows[task]["right answers"] <= 10, JSON.stringify(rows[task]))
    t.ok(shipped.least[task] > 0.1 && shipped.least[task] < 1)
  }
})

t.test("nothing is calibrated on the questions that judge it", async (t) => {
  const judging = new Set(generalQuestions.map(([question]) => question.toLowerCase()))
  t.equal(judging.size, 200)
  t.ok(calibrationQuestions.length >= 200)
  t.strictSame(
    calibrationQuestions.filter((question) => judging.has(question.toLowerCase())),
    [],
  )
})
