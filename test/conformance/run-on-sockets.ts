/**
 * Runs every case over real sockets and prints a JSON object: the results by case and variant. Starts only where
 * nothing but loopback exists: `unshare -n -- bash -c 'ip link set lo up; exec node run-on-sockets.ts'`.
 */
import { isLeftOut, loadCases } from './cases.ts';
import { beyondLoopback, networkFacts } from './isolation.ts';
import { socketNet } from './net.ts';
import { type Result, runCase } from './run-case.ts';
import { onSockets } from './variants.ts';

const problem = beyondLoopback(networkFacts());
if (problem !== undefined) {
  console.error(`Refusing to run: ${problem}. A proxy that fails a case would really connect there.`);
  process.exit(2);
}

const only = process.argv.slice(2);
const results: Record<string, Record<string, Result>> = {};
for (const oneCase of loadCases()) {
  if (isLeftOut(oneCase) || (only.length > 0 && !only.includes(oneCase.id))) continue;
  const byVariant: Record<string, Result> = (results[oneCase.id] = {});
  for (const variant of onSockets(oneCase)) byVariant[variant.name] = await runCase(oneCase, variant, socketNet());
}
console.log(JSON.stringify(results));
