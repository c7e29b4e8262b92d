import { type Finding, isTunnel, meaningOf, type Trial } from './judge.ts';
import { LENIENCIES } from './lenient.ts';
import type { Outcome } from './wire/exchange.ts';

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

/** Findings that are written out; more of them are only counted. */
const SHOWN = 40;
const SHOWN_TEXT = 600;

/** Counts what comes of a run. */
export class Tally {
  inputs = 0;
  tunnels = 0;
  /** Messages from Inband that both parsers read as Inband understood them. */
  agreed = 0;
  readonly counts = new Map<string, Count>();
  /** How often each entry of the list was needed. */
  readonly needed = new Map<string, number>(LENIENCIES.map(({ name }) => [name, 0]));
  readonly defects: string[] = [];
  defectCount = 0;

  /** `entries`: those of the list that explain what else would have been found. */
  add(trial: Trial, findings: readonly Finding[], entries: readonly string[]): void {
    this.inputs += 1;
    for (const entry of entries) this.needed.set(entry, (this.needed.get(entry) ?? 0) + 1);
    for (const finding of findings) this.#show(trial, finding);
    if (isTunnel(trial)) {
      this.tunnels += 1;
      return;
    }
    if (findings.length === 0) this.agreed += trial.readings.length;
    const own = trial.ours;
    this.#count('Inband', own, own);
    for (const [name, outcome] of trial.peers) this.#count(name, outcome, own);
  }

  #count(name: string, outcome: Outcome, own: Outcome): void {
    const zero: Count = { name, refused: 0, waited: 0, malformed: 0, moreLenient: 0, stricter: 0, others: 0 };
    const count = this.counts.get(name) ?? zero;
    this.counts.set(name, count);
    const [served, ownServed] = [outcome.messages.length > 0, own.messages.length > 0];
    if (!served) count.refused += 1;
    if (!served && outcome.hung) count.waited += 1;
    if (outcome.isMalformed) count.malformed += 1;
    if (served && !ownServed) count.moreLenient += 1;
    if (!served && ownServed) count.stricter += 1;
    if (served && ownServed && meaningOf(outcome).join() !== meaningOf(own).join()) count.others += 1;
  }

  #show(trial: Trial, finding: Finding): void {
    this.defectCount += 1;
    if (this.defects.length >= SHOWN) return;
    const { name, mode, text, cuts } = trial.input;
    const input = JSON.stringify(text.slice(0, SHOWN_TEXT)) + (cuts.length > 0 ? `, cut at ${cuts.join(' and ')}` : '');
    this.defects.push(`${finding.kind}: ${name} (${mode})\n  ${input}\n  ${finding.text.slice(0, SHOWN_TEXT)}`);
  }
}
