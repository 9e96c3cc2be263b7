/**
 * What a tool sends as its credentials, struck out of what comes back: a server may echo a request, and a model must
 * not read it. Pure.
 */
const credential = /auth|cookie|credential|key|pass|secret|session|sign|token/i
/** Shorter ones are no secrets, and striking them would take words out of every text. */
const shortest = 4

/** The secrets in what is configured: what comes from the environment, credentials in headers and in the URL. */
export function secretsOf(
  fromEnvironment: readonly string[],
  headers: Readonly<Record<string, string>>,
  url: string,
): readonly string[] {
  const found = [...fromEnvironment]
  for (const [name, value] of Object.entries(headers)) if (credential.test(name)) found.push(value, ...partsOf(value))
  if (URL.canParse(url)) {
    const { username, password, searchParams } = new URL(url)
    if (password !== "") found.push(password, decoded(password), base64(decoded(`${username}:${password}`)))
    for (const [name, value] of searchParams) if (credential.test(name)) found.push(value)
  }
  return [...new Set(found)].filter((secret) => secret.length >= shortest)
}

/** Of `Bearer X`, X; of `Basic X`, what is in it, too; of `sid=X; theme=Y`, what is long enough to be a secret. */
function partsOf(value: string): readonly string[] {
  const [scheme = "", ...rest] = value.trim().split(/\s+/)
  const said = rest.join(" ")
  const login = scheme.toLowerCase() === "basic" ? Buffer.from(said, "base64").toString("utf8") : ""
  const pairs = value.split(/[;,\s]+/).map((pair) => pair.slice(pair.indexOf("=") + 1).replace(/^"|"$/g, ""))
  return [said, login, login.slice(login.indexOf(":") + 1), ...pairs.filter((part) => part.length >= 2 * shortest)]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // it is no encoding, and the platform will not send it
  }
}

const base64 = (text: string): string => Buffer.from(text).toString("base64").replace(/=+$/, "")

/** A function that strikes secrets out of texts, in the forms that a server is likely to write them in. */
export function striking(secrets: readonly string[]): (text: string) => string {
  if (secrets.length === 0) return (text) => text
  const forms = secrets.flatMap((secret) => [
    secret,
    JSON.stringify(secret).slice(1, -1),
    secret.replaceAll("/", "\\/"),
    encodeURIComponent(secret.toWellFormed()),
    base64(secret),
    Buffer.from(secret).toString("base64url"),
    Buffer.from(secret).toString("hex"),
  ])
  const longestFirst = [...new Set(forms)].sort((a, b) => b.length - a.length)
  const any = new RegExp(longestFirst.map((form) => form.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&")).join("|"), "g")
  return (text) => text.replace(any, "[secret]")
}
