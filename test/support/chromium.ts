/** A real Chromium: the one that CHROMIUM names, or that is on the PATH, or, in continuous integration, the one that Debian has. */
import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { delimiter, join } from "node:path"
import { chromium, type Browser } from "playwright-core"

const names = ["chromium", "chromium-browser", "google-chrome"]

function onThisMachine(): string | undefined {
  const given = process.env["CHROMIUM"]
  if (given !== undefined) return given
  const folders = (process.env["PATH"] ?? "").split(delimiter)
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => existsSync(path))
}

/** @returns a browser, or undefined where there is none. Throws in continuous integration instead. */
export async function openChromium(): Promise<Browser | undefined> {
  let path = onThisMachine()
  if (path === undefined && process.env["CI"] === "true") {
    execFileSync("apt-get", ["update"], { stdio: "ignore" })
    execFileSync("apt-get", ["install", "-y", "--no-install-recommends", "chromium"], { stdio: "ignore" })
    path = onThisMachine()
  }
  if (path === undefined) return undefined
  return chromium.launch({
    executablePath: path,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
  }) // prettier-ignore
}
