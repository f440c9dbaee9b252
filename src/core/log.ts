// One JSON line per event. Values are whatever the caller names; callers never pass a secret, a body or a key.

export type LogFields = { readonly [name: string]: string | number | boolean | null | undefined }

export type Log = {
  info(event: string, fields: LogFields): void
  error(event: string, fields: LogFields, cause?: unknown): void
}

export function jsonLog(write: (line: string) => void, now: () => number): Log {
  const line = (level: string, event: string, fields: LogFields) =>
    write(JSON.stringify({ time: new Date(now()).toISOString(), level, event, ...fields }))
  return {
    info: (event, fields) => line('info', event, fields),
    error: (event, fields, cause) => line('error', event, { ...fields, ...describeCause(cause) }),
  }
}

function describeCause(cause: unknown): LogFields {
  if (cause === undefined) return {}
  return cause instanceof Error ? { error: cause.message, error_name: cause.name } : { error: textOf(cause) }
}

/** Never throws: the log is called where something has already failed. */
function textOf(cause: unknown): string {
  try {
    return JSON.stringify(cause) ?? String(cause)
  } catch {
    // A bigint or an object that contains itself.
    return String(cause)
  }
}
