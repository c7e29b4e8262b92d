/** See inputs.mjs. */
export declare function forgetInputs(): void;
export declare function writeInputs(files: readonly string[], begun: number, noted?: string | URL): void;
export declare function isCurrent(noted?: string | URL): boolean;
