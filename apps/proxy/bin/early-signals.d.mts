/** See early-signals.mjs. */
export declare function onIgnoredSignal(listener: (signal: NodeJS.Signals) => void): void;
export declare function onQuit(listener: () => void): void;
