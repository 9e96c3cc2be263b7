import { fork } from "node:child_process"
import { programOf } from "./generator.js"
import { runOnOneNode } from "./one-node.js"
if (process.argv[2] === "one") { await runOnOneNode(programOf(Number(process.argv[3])), Number(process.argv[3])); process.exit() }
