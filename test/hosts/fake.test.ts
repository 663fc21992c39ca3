import { createFakeHost } from "../support/fake-host.ts";
import { hostContract } from "./contract.ts";

const why = "the fake host has no kernel";

hostContract("fake", createFakeHost, { noPeers: why, noFiles: why, noDescriptors: why });
