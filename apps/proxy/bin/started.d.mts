/** See started.mjs. */
export declare function started(): void;
