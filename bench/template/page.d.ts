/** The types of page.js, for the TypeScript beside it. */
export declare const kinds: readonly string[];
export declare function names(kind: string): object;
