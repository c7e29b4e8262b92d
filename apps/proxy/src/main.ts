#!/usr/bin/env node
import './engine-flags.ts';
import { main } from './cli.ts';

await main(process.argv.slice(2));
