import { ACCESS_KEYS } from '../../lines/access-log.ts';
import { isTemplate, parseTemplate } from '../../lines/template.ts';
import { nearestKey } from '../problem/nearest-key.ts';
import { isRecord, type Problem } from '../problem/problem.ts';

/** Checks the template of access lines, and that it is not beside a format. */
export function checkLog(log: unknown): Problem[] {
  if (!isRecord(log) || typeof log.template !== 'string') return [];
  const problems: Problem[] = [];
  const parsed = parseTemplate(log.template);
  if (!isTemplate(parsed)) {
    const nearest = parsed.unknown === undefined ? undefined : nearestKey(parsed.unknown, ACCESS_KEYS);
    const hint = nearest === undefined ? '' : `; did you mean "${nearest}"?`;
    problems.push({ path: ['log', 'template'], message: `${parsed.message}${hint || '.'}` });
  }
  if (typeof log.format === 'string' && log.format !== 'auto') {
    const message = `access lines are written by "template" or by "format: ${log.format}"; leave one of them out.`;
    problems.push({ path: ['log', 'format'], at: 'key', message });
  }
  return problems;
}
