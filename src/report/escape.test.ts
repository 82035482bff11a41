import { expect, test } from 'vitest';
import { markdownBlock, markdownCode, markdownText, visible } from './escape.ts';

test.each<[string, string]>([
  ['xdp_lb', 'xdp_lb'],
  ['a\u001b[31mred', 'a\\x1b[31mred'],
  ['a\r\nb', 'a\\x0d\\nb'],
  ['a\u202eb', 'a\\u{202e}b'],
  ['a\u200bb', 'a\\u{200b}b'],
  ['a\u009bb', 'a\\x9bb'],
  ['a\ud800b', 'a\\u{d800}b'],
  ['größe', 'größe'],
])('%j is shown as %j', (text, shown) => {
  expect(visible(text)).toBe(shown);
});

test.each<[string, string]>([
  ['xdp_lb', '`xdp_lb`'],
  ['', ''],
  ['@team <b>', '`@team <b>`'],
  ['a|b', '<code>a&#124;b</code>'],
  ['a`b', '<code>a&#96;b</code>'],
  ['a\\|b', '<code>a&#92;&#124;b</code>'],
  ['a\nb', '<code>a&#92;nb</code>'],
  ['größe', '<code>gr&#246;&#223;e</code>'],
])('the name %j is %s in markdown', (text, shown) => {
  expect(markdownCode(text)).toBe(shown);
});

test.each<[string, string]>([
  ['1 insns above the maximum of 420', '1 insns above the maximum of 420'],
  ['see @team and #12', 'see @&#8203;team and #&#8203;12'],
  ['<img src=x>', '&#60;img src=x&#62;'],
  ['[x](https://evil)', '&#91;x&#93;(https&#8203;://evil)'],
  ['www.evil.org', 'www&#8203;.evil.org'],
  ['a | b\n| c', 'a &#124; b\\n&#124; c'.replace('\\', '&#92;')],
  ['run_insns _x_', 'run_insns &#95;x&#95;'],
  ['- a', '&#8203;- a'],
])('the sentence %j is %s in markdown', (text, shown) => {
  expect(markdownText(text)).toBe(shown);
});

test('a log cannot close its own fence', () => {
  expect(markdownBlock('a\n````\n</details>\n\u001b[2J\n')).toBe(
    '`````text\na\n````\n</details>\n\\x1b[2J\n`````',
  );
});
