/** See early-signals.mjs. */
export declare function hearIdleSignals(told: (signal: NodeJS.Signals) => void): void;
export declare function hearQuit(quit: () => void): void;
