import { writeFile } from 'node:fs/promises';
import { schemaFile, schemaText } from './json-schema.ts';

// Run after a change of the schema: npx node apps/proxy/src/config/generate-schema.ts
await writeFile(schemaFile, schemaText());
