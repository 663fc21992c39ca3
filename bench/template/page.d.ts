export declare const kinds: readonly string[];
export declare function names(kind: string): object;
