import type * as z from 'zod';

/** A rule has exactly one of two keys, because with both it would be ambiguous. */
export function eitherOf(rule: object, [one, other]: readonly [string, string], context: z.RefinementCtx): void {
  const hasBoth = Reflect.get(rule, one) !== undefined && Reflect.get(rule, other) !== undefined;
  const hasNone = Reflect.get(rule, one) === undefined && Reflect.get(rule, other) === undefined;
  if (!hasBoth && !hasNone) return;
  const found = hasBoth
    ? `found both; write two rules, each an item "- ${one}: …" or "- ${other}: …"`
    : 'found neither';
  context.addIssue({ code: 'custom', message: `expected a mapping with either "${one}" or "${other}", ${found}` });
}
