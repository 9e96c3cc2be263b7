import { grpcCarrier } from "#cluster/grpc-carrier.js"
import { carrierContract } from "#test/support/carrier-contract.js"
import { PipeNet } from "#test/support/pipe-carrier.js"

const net = new PipeNet()
let made = 0
carrierContract("inside one process", async () => ({ carrier: net.carrier(`place${++made}:1`) }))
carrierContract("gRPC", async () => ({ carrier: await grpcCarrier({ listen: "127.0.0.1:0" }) }))
