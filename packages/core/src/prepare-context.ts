/** What a plugin knows while a configuration is loaded. */
export interface PrepareContext {
  /** The folder of the configuration. Paths in options are relative to it. */
  readonly baseDirectory: string;
  /** The text of a file, whose path is relative to `baseDirectory`. */
  readonly readText: (path: string) => Promise<string>;
  /** A module that is installed beside the configuration. */
  readonly importModule: (name: string) => Promise<unknown>;
}
