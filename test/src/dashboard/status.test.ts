import t from "tap"
import { openChromium } from "#test/support/chromium.js"
import { readTokenFile } from "#src/security/token-file.js"
import { openNode } from "#test/support/open-node.js"

/** The browser must be closed in the test: a hook of the file would wait for the process that the browser keeps alive. */
const none = "not tested: there is no Chromium here; install it, or name one in CHROMIUM"

t.test(
  "a person asks on the status page and sees each step, the answer and the run",
  { timeout: 90_000 },
  async (t) => {
    const browser = await openChromium()
    if (browser === undefined) return t.pass(none)
    t.teardown(() => browser.close())
    const node = await openNode()
    const page = await browser.newPage()
    page.setDefaultTimeout(10_000)
    const faults: string[] = []
    page.on("pageerror", (error) => faults.push(error.message))
    page.on("console", (message) => message.type() === "error" && faults.push(message.text()))
    await page.goto(node.rest)
    await page.getByText("serving").waitFor()
    await page.getByRole("cell", { name: "sums", exact: true }).waitFor()
    await page.getByLabel("Agent or topology").selectOption("sums")
    await page.getByLabel("Question").fill("48 * 17")
    await page.getByRole("button", { name: "Ask" }).click()
    await page.locator("#answer", { hasText: "It is 816." }).waitFor()
    t.match(await page.locator("#steps").innerText(), /sums.*calculator/)
    await page.locator("#runs").getByText("finished").waitFor()

    await page.getByLabel("Agent or topology").selectOption("slow")
    await page.getByLabel("Question").fill("wait")
    await page.getByRole("button", { name: "Ask" }).click()
    await page.getByRole("button", { name: "Cancel" }).click()
    await page.locator("#runs").getByText("CANCELLED").waitFor()

    await page.getByLabel("Agent or topology").selectOption("echo")
    await page.getByLabel("Question").fill("<img src=x onerror=alert(1)>")
    await page.getByRole("button", { name: "Ask" }).click()
    await page.locator("#answer", { hasText: "<img src=x" }).waitFor()
    t.same(faults, [], "no script fails, nothing an agent says is markup")
    await page.close()
    await node.stop()
  },
)

t.test("where keys are asked for, the page asks for one and then works", { timeout: 90_000 }, async (t) => {
  const browser = await openChromium()
  if (browser === undefined) return t.pass(none)
  t.teardown(() => browser.close())
  const node = await openNode({ data: t.testdir(), security: { requireKeys: "always" } })
  const page = await browser.newPage()
  page.setDefaultTimeout(10_000)
  await page.goto(node.rest)
  await page.getByText("This node asks for an API key").waitFor()
  await page.getByRole("textbox", { name: "API key" }).fill((await readTokenFile(`${node.os.data}/token`)) ?? "")
  await page.getByRole("button", { name: "Use it" }).click()
  await page.locator("#agents").getByText("echo", { exact: true }).waitFor()
  t.pass("the lists are shown")
  await page.close()
  await node.stop()
})
