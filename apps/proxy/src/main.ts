// oxlint-disable-next-line import/no-unassigned-import -- it is there for what it does, before anything else
import './run/engine-flags.ts';
import { main } from './cli/cli.ts';

await main(process.argv.slice(2));
