import { expect, test } from 'vitest';
import { LinkedList, type LinkedListElement } from './linked-list.ts';

interface Element extends LinkedListElement<Element> {
  readonly name: string;
}

const element = (name: string): Element => ({ name, list: undefined, older: undefined, newer: undefined });
const names = (list: LinkedList<Element>): string[] => Array.from(list, ({ name }) => name);

test('elements are in the order in which they were added, whichever of them leave', () => {
  const list = new LinkedList<Element>();
  const [first, middle, last] = [element('first'), element('middle'), element('last')];
  for (const each of [first, middle, last]) list.add(each);
  list.remove(middle);
  expect([names(list), list.size, middle]).toEqual([['first', 'last'], 2, element('middle')]);
  list.remove(first);
  list.add(middle);
  expect(names(list)).toEqual(['last', 'middle']);
  list.remove(last);
  list.remove(middle);
  expect([names(list), list.size, list.oldest, list.newest]).toEqual([[], 0, undefined, undefined]);
});

test('what is done with one may remove it and others, which are not given any more', () => {
  const list = new LinkedList<Element>();
  const [first, second, third] = [element('first'), element('second'), element('third')];
  for (const each of [first, second, third]) list.add(each);
  const given: string[] = [];
  for (const each of list) {
    given.push(each.name);
    list.remove(each);
    if (each === first) list.remove(second);
    list.add(element('late'));
  }
  expect([given, names(list)]).toEqual([
    ['first', 'third'],
    ['late', 'late'],
  ]);
});
