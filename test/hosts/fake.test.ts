import { createFakeHost } from "../support/fake-host.ts";
import { hostContract } from "./contract.ts";

hostContract("fake", createFakeHost, { inMemory: true });
