// What the build was made of, so that a start sees whether it is still that. In plain JavaScript, because it runs before every start in a checkout.
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FILE = new URL('../dist/inputs.json', import.meta.url);
/** Say how sources are built, and which versions of other packages are installed. */
const ALWAYS = ['bundle.ts', 'licences.ts', 'main.ts', 'places.ts', '../package.json', '../../../pnpm-lock.yaml'];

/** To be called before something is built, which is not current until it is finished. */
export function forgetInputs() {
  rmSync(FILE, { force: true });
}

/** Notes the files of which something was built. It is not current if one of them changed since `begun` (milliseconds). */
export function writeInputs(files, begun, noted = FILE) {
  const own = files.filter((path) => !path.includes('/node_modules/'));
  const all = [...own, ...ALWAYS.map((path) => fileURLToPath(new URL(path, import.meta.url)))];
  const states = all.map((path) => [path, stateOf(path)]);
  if (all.every((path) => statSync(path).mtimeMs < begun)) writeFileSync(noted, JSON.stringify(states));
}

/** Whether something is built, and of just the files that are there now. Takes about 3 ms. */
export function isCurrent(noted = FILE) {
  if (!existsSync(noted)) return false;
  return JSON.parse(readFileSync(noted, 'utf8')).every(([path, state]) => stateOf(path) === state);
}

/** A file that is written again has another time of change, one that replaces it another inode. */
function stateOf(path) {
  const { ino, size, mtimeMs, ctimeMs } = statSync(path, { throwIfNoEntry: false }) ?? {};
  return `${ino} ${size} ${mtimeMs} ${ctimeMs}`;
}
