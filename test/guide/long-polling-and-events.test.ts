import { testGuide } from "../support/guide.ts";

testGuide("long-polling-and-events");
