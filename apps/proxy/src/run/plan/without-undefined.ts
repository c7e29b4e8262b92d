type WithoutUndefined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** The keys that have a value: one that is left out must not overwrite a default. */
export function withoutUndefined<T extends object>(value: T): WithoutUndefined<T> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- exactly the keys with a value are left
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as WithoutUndefined<T>;
}
