/** Whether this is `pnpm test:fast`, which looks at less of what is endless than the whole suite does. */
export const isShortForm = process.env.INBAND_TEST_SHORT !== undefined;

/** How often a property is tried, or of how many something is made: as `whole` says, a thirtieth of that in the short form, and at least five. */
export function runs(whole: number): number {
  return isShortForm ? Math.min(whole, Math.max(5, Math.ceil(whole / 30))) : whole;
}

/** As `whole` says, or what is enough in the short form, where a thirtieth would be too little or too much. */
export function perForm(whole: number, short: number): number {
  return isShortForm ? short : whole;
}
