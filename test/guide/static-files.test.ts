import { testGuide } from "../support/guide.ts";

testGuide("static-files");
