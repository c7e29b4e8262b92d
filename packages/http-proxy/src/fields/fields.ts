/** Fields of a message that rules change. Names to look for are in lower case. */
export abstract class Fields {
  abstract has(name: string): boolean;
  abstract valuesOf(name: string): string[];
  /** `name` as it is to be written. */
  abstract append(name: string, value: string): void;
  abstract remove(name: string): void;

  /** Removes also what the receiver may take for a field with this name. */
  removeLike(name: string): void {
    this.remove(name);
  }

  /** Fields that have the new name already stay. */
  rename(name: string, to: string): void {
    const values = this.valuesOf(name);
    this.remove(name);
    for (const value of values) this.append(to, value);
  }

  /** Gives each field with this name for which `change` has a value that value. The order of those that have the name stays. */
  replace(name: string, change: (value: string) => string | undefined): void {
    const before = this.valuesOf(name);
    const after = before.map(change);
    if (after.every((value) => value === undefined)) return;
    this.remove(name);
    after.forEach((value, index) => this.append(name, value ?? before[index] ?? ''));
  }
}
