import { isTunnel } from './judge.ts';
import { LENIENCIES } from './lenient.ts';
import type { Finding, Judged, Trial } from './trial.ts';

/** How often one proxy did what. */
interface Count {
  readonly name: string;
  /** Nothing of the input reached the origin as a whole message. */
  refused: number;
  /** Of these: it still waited for more. */
  waited: number;
  /** It sent on what an origin cannot read. */
  malformed: number;
  /** Inband refused, and this one sent on. */
  moreLenient: number;
  /** Inband sent on, and this one refused. */
  stricter: number;
  /** Both sent on, and not the same messages. */
  others: number;
}

/** The counts of all proxies, for inputs of one kind. */
class Counts {
  inputs = 0;
  /** Messages from Inband that both parsers read as Inband understood them. */
  agreed = 0;
  readonly byName = new Map<string, Count>();

  add({ ours, peers }: Trial, agreed: number): void {
    this.inputs += 1;
    this.agreed += agreed;
    this.#count('Inband', ours, ours);
    for (const [name, outcome] of peers) this.#count(name, outcome, ours);
  }

  #count(name: string, outcome: Judged, own: Judged): void {
    const zero: Count = { name, refused: 0, waited: 0, malformed: 0, moreLenient: 0, stricter: 0, others: 0 };
    const count = this.byName.get(name) ?? zero;
    this.byName.set(name, count);
    const [served, ownServed] = [outcome.meaning.length > 0, own.meaning.length > 0];
    if (!served) count.refused += 1;
    if (!served && outcome.hung) count.waited += 1;
    if (outcome.isMalformed) count.malformed += 1;
    if (served && !ownServed) count.moreLenient += 1;
    if (!served && ownServed) count.stricter += 1;
    if (served && ownServed && outcome.meaning.join() !== own.meaning.join()) count.others += 1;
  }
}

/** Findings that are written out; more of them are only counted. */
const SHOWN = 40;
const SHOWN_TEXT = 600;

/** Counts what comes of a run. */
export class Tally {
  readonly requests = new Counts();
  readonly answers = new Counts();
  tunnels = 0;
  /** How often each entry of the list was needed. */
  readonly needed = new Map<string, number>(LENIENCIES.map(({ name }) => [name, 0]));
  readonly defects: string[] = [];
  defectCount = 0;

  /** `entries`: those of the list that explain what else would have been found. */
  add(trial: Trial, findings: readonly Finding[], entries: readonly string[]): void {
    for (const entry of entries) this.needed.set(entry, (this.needed.get(entry) ?? 0) + 1);
    for (const finding of findings) this.#show(trial, finding);
    if (isTunnel(trial)) {
      this.tunnels += 1;
      return;
    }
    if (trial.answer === undefined) this.requests.add(trial, findings.length === 0 ? trial.readings.length : 0);
    else this.answers.add(trial, findings.length === 0 ? trial.answer.h11.answers.length : 0);
  }

  #show(trial: Trial, finding: Finding): void {
    this.defectCount += 1;
    if (this.defects.length >= SHOWN) return;
    const { name, mode, text, cuts, answer } = trial.input;
    const lines = [text, ...(answer === undefined ? [] : [answer])].map((line) =>
      JSON.stringify(line.slice(0, SHOWN_TEXT)),
    );
    const sent = lines.join('\n  answered with ') + (cuts.length > 0 ? `, cut at ${cuts.join(' and ')}` : '');
    const repaired = trial.understood[0]?.record?.repaired?.join(', ');
    const how = repaired === undefined ? mode : `${mode}, repaired: ${repaired}`;
    this.defects.push(`${finding.kind}: ${name} (${how})\n  ${sent}\n  ${finding.text.slice(0, SHOWN_TEXT)}`);
  }
}
