/** The status page at `/`: one static file that uses the same operations as everybody else. */
import { readFileSync } from "node:fs"
import { createHash } from "node:crypto"
import type { FastifyInstance } from "fastify"

/** Serves the page. It holds no data, so it needs no key; what it shows, it asks for. */
export function addDashboard(app: FastifyInstance): void {
  const page = readFileSync(new URL("status.html", import.meta.url), "utf8")
  const hashes = (tag: string) =>
    [...page.matchAll(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`, "g"))]
      .map(([, code = ""]) => `'sha256-${createHash("sha256").update(code).digest("base64")}'`)
      .join(" ")
  // Only the page's own script and style run, whatever an agent's answer contains.
  const policy = `default-src 'none'; script-src ${hashes("script")}; style-src ${hashes("style")}; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`
  app.get("/", { schema: { hide: true } }, (_request, reply) => {
    return reply
      .header("content-security-policy", policy)
      .header("x-content-type-options", "nosniff")
      .header("referrer-policy", "no-referrer")
      .type("text/html; charset=utf-8")
      .send(page)
  })
}
