/** Whoever is asked about: a `Session` is one. */
export interface WithUser {
  readonly user?: string | undefined;
  readonly groups?: readonly string[] | undefined;
}

/** The users and groups that a rule is for. */
export interface UserCondition {
  readonly users: ReadonlySet<string> | undefined;
  readonly groups: ReadonlySet<string> | undefined;
}

/** Whether a rule is for somebody. A rule without users and groups is for everybody. */
export function isForUser({ users, groups }: UserCondition, who: WithUser | undefined): boolean {
  if (groups !== undefined && !isInOneOf(groups, who?.groups)) return false;
  return users === undefined || (who?.user !== undefined && users.has(who.user));
}

function isInOneOf(meant: ReadonlySet<string>, groups: readonly string[] | undefined): boolean {
  return groups !== undefined && groups.some((group) => meant.has(group));
}
