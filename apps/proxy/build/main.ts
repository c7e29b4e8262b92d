import { bundle } from './bundle.ts';
import { forgetInputs, isCurrent, writeInputs } from './inputs.mjs';

// Builds the program, if it is not built of just these sources: node apps/proxy/build/main.ts
if (!isCurrent()) {
  const begun = Date.now();
  forgetInputs();
  writeInputs(await bundle(), begun);
}
