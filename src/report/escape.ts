// Text from outside made harmless where it is shown. Program names, file names, logs and reasons come out of guests
// and objects that nobody vouches for: they must not move a cursor, forge a table or call anybody.

/** Control, direction and invisible characters as visible escapes; a line break becomes '\n' in two letters. */
export function visible(text: string): string {
  return text.replace(UNPRINTABLE, (char) => {
    if (char === '\n') return '\\n';
    if (char === '\t') return ' ';
    const code = char.codePointAt(0)!;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

/** The lines of a log, each made visible. */
export function visibleLines(text: string): string[] {
  return text.replace(/\r\n/g, '\n').replace(/\n+$/, '').split('\n').map(visible);
}

/** A name as code in markdown, in a table too: nothing in it is read as markup, a mention or a link. */
export function markdownCode(text: string): string {
  const shown = visible(text);
  if (shown === '') return '';
  if (/^[\w.,:;/+%=(){}[\] <>@#*~!?$&'"-]+$/.test(shown)) return `\`${shown}\``;
  // A pipe ends a table's cell even in a code span, and a backtick the span: spell those names in entities.
  return `<code>${shown.replace(/[^A-Za-z0-9 ]/gu, (char) => `&#${char.codePointAt(0)};`)}</code>`;
}

/** A sentence in markdown: no markup, mention, reference or link comes from what it quotes. */
export function markdownText(text: string): string {
  // `visible` leaves no zero-width space of the text's own, so each one here is ours: it breaks what would link.
  return visible(text)
    .replace(/[@#](?=[\w/])|\b(?:https?|ftp|mailto|xmpp)(?=:)|\bwww(?=\.)|\bGH-(?=\d)/gi, '$&\u200b')
    .replace(/^(\s*)(?=[-+=]|\d+[.)])/, '$1\u200b')
    .replace(
      /[\\`*[\]<>|~&$\u200b]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g,
      (char) => `&#${char.codePointAt(0)};`,
    );
}

/** A log as a fenced block, whose fence is longer than any in it. */
export function markdownBlock(text: string): string {
  const lines = visibleLines(text);
  const runs = lines.flatMap((line) => line.match(/`+/g) ?? []).map((run) => run.length);
  const fence = '`'.repeat(Math.max(2, ...runs) + 1);
  return `${fence}text\n${lines.join('\n')}\n${fence}`;
}

/** A text of at most `most` characters, with an ellipsis where it was longer: no text from outside fills a page. */
export function clip(text: string, most: number, ellipsis = '…'): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most - ellipsis.length).replace(/[\ud800-\udbff]$/, '')}${ellipsis}`;
}

/** A block that is shut until a reader opens it. `summary` and `body` are markdown. */
export function folded(summary: string, body: string): string {
  return `<details>\n<summary>${summary}</summary>\n\n${body}\n\n</details>`;
}

/** A link; `text` is markdown. Throws TypeError on an address that is none. */
export function markdownLink(text: string, url: string): string {
  const { href } = new URL(url);
  return `[${text}](<${href.replace(/[<>\\]/g, encodeURIComponent)}>)`;
}

/** Controls (Cc), formats such as direction marks (Cf), separators of lines, lone surrogates (Cs), variation selectors. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u115f\u3164]|[\ufe00-\ufe0f]/gu;

/** A cell of figures: a number stays as it is; anything else may be somebody's text. */
export function markdownCell(text: string): string {
  return /^-?[\d.]*$/.test(text) ? text : markdownText(text);
}
