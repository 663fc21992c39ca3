/** The page in Tornado's words. */
export declare const pythonPage: string;
export declare const engines: Readonly<Record<string, () => Promise<(names: object) => string>>>;
