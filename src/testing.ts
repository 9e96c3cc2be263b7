/** The door `llmagentos/testing`: names only. */
export * from "../actors/simulation/index.js"
export { createTestKit } from "../actors/testing/test-kit.js"
export type { TestKit, TestKitOptions } from "../actors/testing/test-kit.js"
export type { AnyProtocol, Probe, ProbeMessage } from "../actors/testing/probe.js"
export { simulateCluster } from "../cluster/simulation/cluster-simulation.js"
export type {
  ClusterOutcome,
  ClusterSimulation,
  ClusterSimulationOptions,
  SimulatedClusterNode,
  SimulatedPorts,
} from "../cluster/simulation/cluster-simulation.js"
export type { ClusterFault, ClusterFaultKind, ClusterFaultPlan } from "../cluster/simulation/cluster-faults.js"
export type { RunningNode } from "../cluster/simulation/cluster-node.js"
