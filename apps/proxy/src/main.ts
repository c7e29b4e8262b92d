// oxlint-disable-next-line import/no-unassigned-import -- it is there for what it does, before anything else
import './engine-flags.ts';
import { main } from './cli.ts';

await main(process.argv.slice(2));
