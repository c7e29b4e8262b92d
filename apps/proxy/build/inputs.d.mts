/** See inputs.mjs. */
export declare function forgetInputs(): void;
export declare function writeInputs(files: readonly string[], begun: number): void;
export declare function isCurrent(): boolean;
