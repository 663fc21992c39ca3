import { testGuide } from "../support/guide.ts";

testGuide("testing");
