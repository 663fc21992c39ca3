import { testGuide } from "../support/guide.ts";

testGuide("locks-and-queues");
