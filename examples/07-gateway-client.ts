/** A node with its doors open, and the typed client over REST. */
import { createAgentOS } from "llmagentos"
import { createClient } from "llmagentos/client"

const os = await createAgentOS({ data: "memory", gateway: { port: 0, grpcPort: 0 } })
const doors = await os.listen()

const client = createClient({ url: doors.rest })
console.log((await client.agents()).map((agent) => agent.name))
const run = await client.run("ask", "What is 12 + 30?")
console.log(run.output)
await client.close()
await os.stop()
