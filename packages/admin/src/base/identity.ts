import type { Role } from './roles.ts';

/** Who asks, and what they may do. */
export interface Identity {
  readonly name: string;
  readonly role: Role;
}
