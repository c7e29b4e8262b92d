import type { Input } from './inputs/input.ts';
import { ANSWER_LENIENCIES, REQUEST_LENIENCIES } from './lenient.ts';
import type { Trial } from './trial.ts';

/** An input from which has been taken out what entries of the list are about, and the names of these. */
export interface Without {
  readonly needed: readonly string[];
  readonly input: Input;
}

/** Without what the list allows. No entry is needed where it has none for what is there. */
export function withoutLeniencies(trial: Trial): Without {
  return trial.input.answer === undefined ? withoutThoseOfRequests(trial.input) : withoutRepairs(trial);
}

function withoutThoseOfRequests(input: Input): Without {
  let { text } = input;
  const needed: string[] = [];
  for (const { name, without } of REQUEST_LENIENCIES) {
    const less = without(text);
    if (less !== text) needed.push(name);
    text = less;
  }
  return { needed, input: { ...input, name: `${input.name} without ${needed.join(', ')}`, text, cuts: [] } };
}

const KNOWN: ReadonlySet<string> = new Set(ANSWER_LENIENCIES.map(({ name }) => name));

/** The origin sends what Inband has sent to the client. */
function withoutRepairs({ input, understood, ours, answer }: Trial): Without {
  const repaired = understood[0]?.record?.repaired ?? [];
  const needed = repaired.every((name) => KNOWN.has(name)) ? repaired : [];
  const sent = ours.heard.toString('latin1', 0, answer?.h11.answers[0]?.length ?? 0);
  return { needed, input: { ...input, name: `${input.name} without ${repaired.join(', ')}`, answer: sent } };
}
