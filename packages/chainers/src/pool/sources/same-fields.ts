/** Whether two objects have the same fields. `but`: one that is not compared. */
export function sameFields<T extends object>(one: T, other: T, but: keyof T & string): boolean {
  const others = new Map<string, unknown>(Object.entries(other));
  const fields: [string, unknown][] = Object.entries(one);
  return fields.length === others.size && fields.every(([key, value]) => key === but || others.get(key) === value);
}
