import { z } from 'zod';

/** What a configuration in TypeScript calls the type of a schema's input. */
export interface TypeName {
  /** A type that the entry of `inband` exports: `Duration`. */
  readonly name: string;
}

/**
 * The schemas whose input has a name in TypeScript. The generated types of a configuration take the name from here, because the
 * schema itself says less (a pattern) than the type (a template).
 */
export const typeNames = z.registry<TypeName>();
