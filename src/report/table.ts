// A table of aligned text for a terminal: figures to the right and never cut, names cut where the width asks for it.

export interface Column {
  readonly header: string;
  readonly align: 'left' | 'right';
  /** Cut with an ellipsis where the table is too wide; other columns never are. */
  readonly shrinks?: boolean;
}

export const left = (header: string): Column => ({ header, align: 'left' });
export const right = (header: string): Column => ({ header, align: 'right' });

/**
 * Lines of a table, the header first, without trailing spaces. Cells must be free of line breaks and control
 * characters. `width`: columns of the terminal; a table may still be wider where its figures are.
 */
export function alignTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width?: number,
): string[] {
  const lines = [columns.map(({ header }) => header), ...rows];
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => length(line[i] ?? ''))));
  if (width !== undefined) shrink(columns, widths, width);
  return lines.map((line) =>
    columns
      .map(({ align }, i) => {
        const cell = cut(line[i] ?? '', widths[i]!);
        const padding = ' '.repeat(widths[i]! - length(cell));
        return align === 'right' ? padding + cell : cell + padding;
      })
      .join(GAP)
      .trimEnd(),
  );
}

/** The width of a table with nothing cut. */
export function tableWidth(columns: readonly Column[], rows: readonly (readonly string[])[]): number {
  return Math.max(...alignTable(columns, rows).map(length));
}

const GAP = '  ';
const NARROWEST = 8;

/** Takes from the widest column that may shrink until the table fits, or nothing is left to take. */
function shrink(columns: readonly Column[], widths: number[], width: number): void {
  let excess = widths.reduce((sum, each) => sum + each, GAP.length * (columns.length - 1)) - width;
  while (excess > 0) {
    const candidates = columns.flatMap((column, i) => (column.shrinks && widths[i]! > NARROWEST ? [i] : []));
    const widest = candidates.reduce<number | undefined>(
      (best, i) => (best === undefined || widths[i]! > widths[best]! ? i : best),
      undefined,
    );
    if (widest === undefined) return;
    widths[widest]! -= 1;
    excess -= 1;
  }
}

function cut(cell: string, width: number): string {
  const chars = [...cell];
  return chars.length <= width ? cell : `${chars.slice(0, width - 1).join('')}…`;
}

const length = (text: string) => [...text].length;
