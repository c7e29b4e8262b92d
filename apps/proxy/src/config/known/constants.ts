/** What the running program knows of the schema, which is loaded only where a configuration is validated. */

/** More than any machine needs, to catch typing errors. */
export const MAX_WORKERS = 512;

/** The type of the resolver if the configuration names none. */
export const DEFAULT_RESOLVER = 'auto';

/** What somebody may do by the admin API, from the least to the most. */
export const ADMIN_ROLES = ['read', 'operate', 'change'] as const;
export type AdminRole = (typeof ADMIN_ROLES)[number];
