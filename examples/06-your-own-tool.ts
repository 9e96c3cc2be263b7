/** A tool of one's own: its arguments are checked before it runs, and what goes wrong is text that the model can read. */
import { createAgentOS, defineTool } from "llmagentos"
import { z } from "zod"

const weather = defineTool({
  name: "weather",
  description: "tells the temperature of a city in degrees Celsius",
  parameters: z.object({ city: z.string().min(1), day: z.enum(["today", "tomorrow"]).default("today") }),
  execute: ({ city, day }) => ({ city, day, celsius: city.length + (day === "today" ? 0 : 1) }),
})

const os = await createAgentOS({ data: "memory", tools: [weather] })
console.log(await os.tools.call("weather", { city: "Oslo" }))
console.log(await os.tools.call("weather", { town: "Oslo" })) // what was wrong and what would be right
await os.stop()
