/** See compile-cache.mjs. */
export declare function compileCache(): { readonly folder: string } | { readonly why: string };
export declare function keepCompiled(): void;
