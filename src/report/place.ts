// A place in the user's source, as 'lb.bpf.c:98' or, of an inline function's line, 'bpf_helpers.h:154 near lb.bpf.c:161'.

interface Place {
  readonly insn: number;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly near?: { readonly file: string; readonly line: number } | undefined;
}

export function placeText({ insn, file, line, near }: Place): string {
  if (file === undefined) return `instruction ${insn}`;
  const short = (path: string) => path.replace(/^.*\//, '');
  return near ? `${short(file)}:${line} near ${short(near.file)}:${near.line}` : `${short(file)}:${line}`;
}
