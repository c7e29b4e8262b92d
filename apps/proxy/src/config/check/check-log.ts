import { isTemplate, parseTemplate, TEMPLATE_KEYS } from '../../lines/template.ts';
import { nearestKey } from '../problem/nearest-key.ts';
import { isRecord, type Problem } from '../problem/problem.ts';

/** Checks the template of access lines, that it is not beside a format, and that a file is rotated. */
export function checkLog(log: unknown): Problem[] {
  if (!isRecord(log)) return [];
  const problems: Problem[] = [];
  if (log.rotate !== undefined && log.file === undefined) {
    const where = log.syslog === undefined ? 'standard output' : 'syslog';
    const message = `this has no effect: the log goes to ${where}; name a "file" for it.`;
    problems.push({ path: ['log', 'rotate'], at: 'key', message });
  }
  if (log.file !== undefined && log.syslog !== undefined) {
    const message = 'the log goes to the "file" or to syslog; leave one of them out.';
    problems.push({ path: ['log', 'syslog'], at: 'key', message });
  }
  return typeof log.template === 'string' ? [...problems, ...checkTemplate(log.template, log.format)] : problems;
}

function checkTemplate(template: string, format: unknown): Problem[] {
  const problems: Problem[] = [];
  const parsed = parseTemplate(template);
  if (!isTemplate(parsed)) {
    const nearest = parsed.unknown === undefined ? undefined : nearestKey(parsed.unknown, TEMPLATE_KEYS);
    const hint = nearest === undefined ? '' : `; did you mean "${nearest}"?`;
    problems.push({ path: ['log', 'template'], message: `${parsed.message}${hint || '.'}` });
  }
  if (typeof format === 'string' && format !== 'auto') {
    const message = `access lines are written by "template" or by "format: ${format}"; leave one of them out.`;
    problems.push({ path: ['log', 'format'], at: 'key', message });
  }
  return problems;
}
