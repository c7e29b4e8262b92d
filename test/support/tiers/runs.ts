/** Whether this is `pnpm test:fast`, which looks at less of what is endless than the whole suite does. */
export const isShortForm = process.env.INBAND_TEST_SHORT !== undefined;

/** How often a property is tried, or of how many something is made: as `whole` says, a tenth of that in the short form. */
export function runs(whole: number): number {
  return isShortForm ? Math.ceil(whole / 10) : whole;
}

/** All of them, or every tenth in the short form. */
export function sample<T>(all: readonly T[]): readonly T[] {
  return isShortForm ? all.filter((_, index) => index % 10 === 0) : all;
}
