import type { Case } from './cases.ts';
import { asJudged } from './differences.ts';
import { Lab } from './lab.ts';
import type { Net } from './net.ts';
import { checkNote } from './notes.ts';
import { play, prepare, scriptFor, warmUp } from './play.ts';
import { settingsFor } from './settings.ts';
import { VANTAGES } from './vantage.ts';
import type { Variant } from './variants.ts';
import { judge, type Observed, observe } from './verdict.ts';

export interface Result {
  readonly ok: boolean;
  /** What went wrong, and what was seen on both sides; empty when nothing did. */
  readonly why: string;
}

/**
 * Runs one case in one way, on a network of its own, and evaluates it. Leaves nothing open. What has not happened `limit`
 * milliseconds after it could have is taken not to happen: generous, since only a failure waits that long.
 */
export async function runCase(written: Case, variant: Variant, net: Net, limit = 30_000): Promise<Result> {
  const oneCase = asJudged(written, variant.profile);
  const mode = oneCase.mode ?? 'forward';
  const settings = settingsFor(oneCase, variant.vantage, variant.profile);
  const lab = await Lab.open({ net, settings, mode, vantage: VANTAGES[variant.vantage], limit });
  const problems: string[] = [];
  let seen = '';
  try {
    const client = await lab.connect();
    if (variant.position === 'second') await warmUp(client, lab, mode);
    await prepare(oneCase, lab);
    lab.origin.arm(scriptFor(oneCase, lab));
    const observed = observe(client, lab, await play(oneCase, client, lab));
    problems.push(...judge(oneCase, observed), ...checkNote(oneCase, observed));
    // A reset, because after an ordinary close a client may still read: the proxy would wait with it.
    for (const other of lab.clients) if (other !== client) other.connection.destroy(new Error('reset'));
    const unfinished = await lab.unfinished();
    if (unfinished !== '') problems.push(`when the client was gone there were left: ${unfinished}`);
    if (problems.length > 0) seen = transcript(observed);
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  }
  const leaks = await lab.close();
  if (leaks !== '') problems.push(`left open after everything was closed: ${leaks}`);
  problems.push(...lab.defects.map((defect) => `the proxy logged a defect: ${defect}`));
  return { ok: problems.length === 0, why: problems.length === 0 ? '' : [...problems, seen].join('\n') };
}

const SHOWN = 600;

function transcript({ client, lab, played }: Observed): string {
  const show = (bytes: Buffer): string => {
    const text = JSON.stringify(bytes.toString('latin1', 0, SHOWN));
    return bytes.length > SHOWN ? `${text} … ${bytes.length} bytes` : text;
  };
  const closed = played.closedByProxy ? 'closed by the proxy' : 'closed after the client finished';
  const lines = [`client got (${played.closed ? closed : 'still open'}): ${show(client.heard)}`];
  for (const { heard, isClosed, isTunnel } of lab.origin.connections) {
    const kind = isTunnel ? 'tunnel' : 'connection';
    if (heard.length > 0) lines.push(`origin got on a ${kind} (${isClosed ? 'closed' : 'open'}): ${show(heard)}`);
  }
  return lines.join('\n');
}
