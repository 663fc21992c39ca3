/** The component in wasmtime, by way of Rust and bindings made of core.wit. */

import { rust, testAnswers } from "../support/embeddings.ts";

testAnswers("Rust with wasmtime answers as the plain module does", rust());
