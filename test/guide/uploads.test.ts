import { testGuide } from "../support/guide.ts";

testGuide("uploads");
