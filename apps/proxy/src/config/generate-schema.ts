import { writeFile } from 'node:fs/promises';
import { inputTypesFile, inputTypesText } from './input-types.ts';
import { schemaFile, schemaText } from './json-schema.ts';

// Run after a change of the schema: npx node apps/proxy/src/config/generate-schema.ts
await writeFile(schemaFile, schemaText());
await writeFile(inputTypesFile, inputTypesText());
