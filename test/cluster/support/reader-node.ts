/**
 * A node in a process of its own whose actor reads a stream, for a test that kills it in the middle: says who it is,
 * hears who the other is, and says each item.
 */
import { defineActor, readStream, type StreamRef } from "#actors/index.js"
import { grpcCarrier } from "#cluster/grpc-carrier.js"
import { nodeId, type NodeDescription, type NodeId } from "#cluster/node.js"
import { openMeshNode } from "#test/support/mesh-node.js"

const node = await openMeshNode("reader", await grpcCarrier({ listen: "127.0.0.1:0" }))
process.send?.({ node: node.node })
process.once("message", (other: NodeDescription) => {
  node.mesh.follow(({ kind }) => {
    if (kind === "opened") void read(nodeId(other))
  })
  node.mesh.connect(nodeId(other), other)
})

const Reader = defineActor({
  name: "reader",
  state: () => null,
  receive: {
    async read(ctx, stream: StreamRef<number>) {
      for await (const item of readStream(ctx, stream, { batch: 1 })) process.send?.({ item })
    },
  },
})

async function read(source: NodeId): Promise<void> {
  const stream = (await node.mesh.call(source, "hand", "take", undefined)) as StreamRef<number>
  node.system.spawn(Reader).tell("read", stream)
}
