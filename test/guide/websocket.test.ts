import { testGuide } from "../support/guide.ts";
import "../support/runtime-loop.ts";

testGuide("websocket");
