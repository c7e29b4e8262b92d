/** Users by the names of their groups. */
export type Groups = Readonly<Record<string, readonly string[]>>;

/** The groups of each user, in the order in which they are written. */
export function groupsByUser(groups: Groups): Map<string, readonly string[]> {
  const users = [...new Set(Object.values(groups).flat())];
  return new Map(users.map((user) => [user, Object.keys(groups).filter((group) => groups[group]?.includes(user))]));
}
