/** The plain module in wazero, an engine of its own, by way of Go. */

import { go, testAnswers } from "../support/embeddings.ts";

testAnswers("Go with wazero answers as the plain module does", go());
