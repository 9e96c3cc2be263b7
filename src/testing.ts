/** The door `llmagentos/testing`: names only. */
export * from "../actors/simulation/index.js"
export { createTestKit } from "../actors/testing/test-kit.js"
export type { TestKit, TestKitOptions } from "../actors/testing/test-kit.js"
export type { AnyProtocol, Probe, ProbeMessage } from "../actors/testing/probe.js"
