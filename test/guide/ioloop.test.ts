import { testGuide } from "../support/guide.ts";

testGuide("ioloop");
