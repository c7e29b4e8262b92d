import type { ParsedAnswer, ParsedAnswers } from './parsers/parsed.ts';
import { firstAnswer } from './wire/answer-reader.ts';
import { type AnswerReading, type Finding, misunderstood, type Trial } from './trial.ts';

/** The client got one answer, the one that Inband says it sent, and behind it at most that to the sentinel. */
export function judgeAnswers({ understood, ours }: Trial, { h11, llhttp }: AnswerReading): Finding[] {
  const record = understood[0]?.record;
  const [first, second, ...more] = h11.answers;
  if (record === undefined) return [];
  if (more.length > 0) return [misunderstood(`the client got ${h11.answers.length} answers`)];
  if (record.error !== undefined || record.aborted) {
    // An error of the proxy's own, or an answer that was cut.
    const isOwn = first === undefined || (first.status === record.status && second === undefined) || ours.wentOn;
    return isOwn
      ? []
      : [misunderstood(`${record.error?.code ?? 'it was aborted'}, and the client got ${first.status}`)];
  }
  if (h11.error !== undefined || first === undefined) return [unparsable('h11', h11)];
  const [again] = llhttp.answers;
  if (again === undefined) return [unparsable('llhttp', llhttp)];
  const texts = [
    ...differences(`h11`, first, record.status, record.bytesOut),
    ...differences(`llhttp`, again, record.status, record.bytesOut),
  ];
  if (again.body !== first.body) texts.push('the bodies differ');
  if (JSON.stringify(again.fields) !== JSON.stringify(first.fields)) texts.push('the fields differ');
  if (second !== undefined && !(ours.wentOn && second.status === 200 && second.body === 'ok')) {
    texts.push(`behind it there is ${second.status} ${JSON.stringify(second.body)}`);
  }
  return texts.map(misunderstood);
}

function unparsable(name: string, { answers, error }: ParsedAnswers): Finding {
  return { kind: 'unparsable', text: `${name} reads ${answers.length} answers: ${error}` };
}

function differences(name: string, { status, body }: ParsedAnswer, sent: number, length: number): string[] {
  const texts: string[] = [];
  if (status !== sent) texts.push(`${name}: the status is ${status}, and ${sent} was sent`);
  if (body.length !== length) texts.push(`${name}: the body has ${body.length} bytes, and ${length} were sent`);
  return texts;
}

/** What the client acts on. An answer of 500 and above is taken for one of the proxy's own: it refused that of the server. */
export function meaningOfAnswer(heard: Buffer, method: string): readonly string[] {
  const answer = firstAnswer(heard, method);
  return answer === undefined || answer.status >= 500 ? [] : [JSON.stringify([answer.status, answer.body])];
}
