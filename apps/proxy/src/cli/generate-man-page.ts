import { mkdir, writeFile } from 'node:fs/promises';
import { ownFile } from '../own-files/own-files.ts';
import { manPage } from './man-page.ts';

// Run after a change of the command table: node apps/proxy/src/cli/generate-man-page.ts
const folder = ownFile('man/');
await mkdir(folder, { recursive: true });
await writeFile(new URL('inband.1', folder), manPage());
