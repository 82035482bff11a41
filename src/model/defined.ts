// Optional fields, where undefined and absent are two things (exactOptionalPropertyTypes).

/** The same without the fields that are undefined. */
export function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as never;
}
