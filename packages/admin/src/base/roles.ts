/** What somebody may do, from the least to the most. Each role may do what those before it may. */
export const ROLES = ['read', 'operate', 'change'] as const;

/** `read` sees everything; `operate` reloads, drains, ends sessions and marks servers; `change` changes the configuration. */
export type Role = (typeof ROLES)[number];

/** What an endpoint needs. `none`: it answers whoever asks. */
export type NeededRole = Role | 'none';

/** Whether `role` is enough where `needed` is asked for. */
export function suffices(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}
