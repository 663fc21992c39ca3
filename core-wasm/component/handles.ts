// The functions by which the runtime makes a handle of a resource, from the number of its slot: all
// that the module inside the component imports. biome knows no decorators on functions.

// @ts-ignore: decorator
@external("[export]squall:core/http@0.1.0", "[resource-new]chunked-decoder")
export declare function newDecoder(slot: i32): i32;

// @ts-ignore: decorator
@external("[export]squall:core/multipart@0.1.0", "[resource-new]scanner")
export declare function newScanner(slot: i32): i32;

// @ts-ignore: decorator
@external("[export]squall:core/signing@0.1.0", "[resource-new]signer")
export declare function newSigner(slot: i32): i32;

// @ts-ignore: decorator
@external("[export]squall:core/hashing@0.1.0", "[resource-new]hasher")
export declare function newHasher(slot: i32): i32;
