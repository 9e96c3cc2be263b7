/** The door `llmagentos/testing`: names only. */
export * from "../actors/simulation/index.js"
