import t from "tap"
import { parseConfig, parseConfigText } from "#src/config.js"
import { withEnvironment } from "#test/support/environment.js"

t.test("nodes that share a file take their names and addresses from the environment", async (t) => {
  const text = "cluster:\n  node: web-${ORDINAL}\n  listen: 0.0.0.0:7430\n  advertise: ${PLACE}:7430\n"
  const config = withEnvironment({ ORDINAL: "3", PLACE: "web-3.internal" }, () => parseConfigText(text, "a.yaml"))
  t.match(config.cluster, { node: "web-3", advertise: "web-3.internal:7430" })
  t.match(parseConfig(config).cluster, { node: "web-3" }, "it may be checked again")
})

t.test(
  "a variable that is not set is told with its line, and what it gives is checked as if it stood there",
  async (t) => {
    const text = "cluster:\n  listen: 127.0.0.1:7430\n  node: ${NOBODY_SETS_THIS}\n"
    t.throws(() => parseConfigText(text, "a.yaml"), { code: "INVALID_CONFIG", message: /line 3, column 3: cluster\.node: no such environment variable: \$\{NOBODY_SETS_THIS\}/ }) // prettier-ignore
    t.throws(() => withEnvironment({ NOBODY_SETS_THIS: "a b" }, () => parseConfigText(text, "a.yaml")), { message: /line 3, column 3: cluster\.node: use 1 to 63 letters/ }) // prettier-ignore
  },
)
