// The words of an upstream's error, wherever its dialect puts them. They are cleaned before anybody reads them (providers/).

import { isObject, readString } from '#core/readers.ts'

export function upstreamWords(error: unknown): string | undefined {
  if (!isObject(error)) return undefined
  const inner: unknown = error['error']
  if (isObject(inner)) return readString(inner['message'])
  return readString(inner) ?? readString(error['message'])
}
