/** Files that are replaced whole, and files that are followed. */
export { FileFollower, type FollowerTimes, type Looked } from './follow/file-follower.ts';
export { createFile, type FileAccess, replaceFile } from './replace/replace-file.ts';
export { removeAbandoned } from './replace/abandoned.ts';
export { isCode } from './base/is-code.ts';
