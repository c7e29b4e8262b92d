import { lazily } from '@inband/chainers';
import { compileGlob, readPathPattern } from '@inband/core';
import * as z from 'zod';
import { fieldValue } from '../../templates/field-value.ts';
import { nameProblem, template } from '../../templates/templates.ts';
import { oneOrMore } from '../../values/one-or-more.ts';

const name = z.string().min(1);

/** The keys of a rule of which it has one. */
const CHANGES = ['set', 'add', 'append', 'remove', 'rename', 'replace'] as const;

const STATUS = /^([1-9]\d\d)(?:-([1-9]\d\d))?$/;

const status = lazily(() =>
  z
    .union([z.int().min(100).max(599), z.string().regex(STATUS)], {
      error: 'expected a status, or a range such as "400-499"',
    })
    .transform((written): readonly [from: number, to: number] => {
      const [, from, to = from] = STATUS.exec(String(written)) ?? [];
      return [Number(from), Number(to)];
    }),
);

const valuePattern = z.string().superRefine((text, context) => {
  const glob = compileGlob(text);
  if ('problem' in glob) context.addIssue({ code: 'custom', message: glob.problem });
});

const pathPattern = z.string().superRefine((text, context) => {
  const pattern = readPathPattern(text);
  if ('problem' in pattern) context.addIssue({ code: 'custom', message: pattern.problem });
});

const fieldCondition = lazily(() =>
  z.union([z.boolean(), valuePattern, z.array(valuePattern).min(1)], {
    error: 'expected true, false, a pattern, or a list of patterns',
  }),
);

const conditionKeys = () => ({
  field: z
    .record(name, fieldCondition)
    .optional()
    .describe(
      'Fields of the message: true where there is such a field, false where there is none, else a pattern of a value, or several: "*" is any characters.',
    ),
  method: oneOrMore(name, 'a method').optional().describe('The method of the request.'),
  path: oneOrMore(pathPattern, 'a path that begins with "/"')
    .optional()
    .describe('What the normalised path of the request begins with; with a "*", what it is as a whole.'),
});

const whenAsked = lazily(() => z.strictObject(conditionKeys()));

const whenAnswered = lazily(() =>
  z.strictObject({
    ...conditionKeys(),
    status: oneOrMore(status, 'a status, or a range such as "400-499"')
      .optional()
      .describe('The status of the answer.'),
  }),
);

function replacements(hasServer: boolean) {
  const replacement = z.strictObject({
    pattern: z
      .string()
      .min(1)
      .max(1_000)
      .describe('A regular expression in the syntax of RE2. Each match is replaced; "(?i)" in front ignores case.'),
    with: template({ hasServer }).describe(
      'What stands in the place of a match: "$1" to "$9" are groups, "$0" is the match, "$$" a dollar.',
    ),
  });
  return z.record(name, replacement);
}

/** What a rule may do to a request, or to an answer. */
function changesOf(isRequest: boolean) {
  const values = z.record(name, fieldValue({ hasServer: !isRequest }));
  return {
    set: values.optional().describe('Gives fields these values, in place of all that have the name.'),
    add: values.optional().describe('The same where there is no such field.'),
    append: values.optional().describe('Adds a line behind those that have the name.'),
    remove: oneOrMore(name, 'the name of a field').optional().describe('Removes all fields with this name.'),
    rename: z.record(name, name).optional().describe('Gives fields another name; they keep their values.'),
    replace: replacements(!isRequest).optional().describe('Replaces what a pattern matches in values of fields.'),
  };
}

const WHEN = 'When the rule is applied: all conditions must be met. Left out: always.';

const requestRule = lazily(() =>
  z
    .strictObject({ ...changesOf(true), when: whenAsked.optional().describe(WHEN) })
    .superRefine((rule, context) => checkRule(rule, context, true)),
);

const answerRule = lazily(() =>
  z
    .strictObject({
      ...changesOf(false),
      always: z.boolean().optional().describe('Whether the rule is for errors of the proxy, too.'),
      when: whenAnswered.optional().describe(WHEN),
    })
    .superRefine((rule, context) => checkRule(rule, context, false)),
);

function checkRule(rule: Written, context: z.RefinementCtx, isRequest: boolean): void {
  const [change, other] = CHANGES.filter((key) => rule[key] !== undefined);
  if (change === undefined || other !== undefined) {
    const found = change === undefined ? 'none' : `"${change}" and "${String(other)}"; write a rule for each`;
    context.addIssue({ code: 'custom', message: `expected one of ${CHANGES.join(', ')}, found ${found}.` });
  }
  for (const [path, field] of namesIn(rule)) {
    const problem = nameProblem(field, isRequest);
    if (problem !== undefined) context.addIssue({ code: 'custom', path: [...path], message: problem });
  }
}

type Written = Partial<
  Record<'set' | 'add' | 'append' | 'rename' | 'replace', Readonly<Record<string, unknown>> | undefined>
> & {
  readonly remove?: string | readonly string[] | undefined;
};

/** The names of fields in a rule, with their places. */
function namesIn(rule: Written): (readonly [path: readonly (string | number)[], name: string])[] {
  const keys = (['set', 'add', 'append', 'rename', 'replace'] as const).flatMap((key) =>
    Object.keys(rule[key] ?? {}).map((field) => [[key, field], field] as const),
  );
  const renamed = Object.entries(rule.rename ?? {}).map(([from, to]) => [['rename', from], String(to)] as const);
  const removed = [rule.remove ?? []].flat().map((field) => [['remove'], field] as const);
  return [...keys, ...renamed, ...removed];
}

/** `fields` of a service and of a route. */
export const fieldRules = lazily(() =>
  z.strictObject({
    request: z
      .array(requestRule)
      .default([])
      .describe('How the fields of requests are changed, one rule after the other.'),
    response: z.array(answerRule).default([]).describe('The same for answers of servers and routes.'),
  }),
);

/** A rule as the schema returns it. */
export type WrittenRule = z.output<typeof requestRule> | z.output<typeof answerRule>;
export type WrittenCondition = z.output<typeof whenAnswered>;
