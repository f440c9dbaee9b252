// A request body with some of its top-level fields changed and every other byte as the client wrote it: numbers beyond a
// double, key order, spaces and escapes reach the upstream as they came. For texts that JSON.parse has accepted.

/** The new JSON text of each field to change; undefined removes it. A map, because a body may name a field `__proto__`. */
export type BodyEdits = ReadonlyMap<string, string | undefined>

/** The JSON text of a field; of one that stands twice the last, as JSON.parse has it. */
export function fieldText(text: string, name: string): string | undefined {
  const member = topLevelMembers(text).findLast((one) => one.name === name)
  return member === undefined ? undefined : text.slice(member.valueStart, member.end)
}

/** The JSON texts of a list's elements. */
export function elementTexts(text: string): readonly string[] {
  const elements: string[] = []
  let at = afterSpace(text, afterSpace(text, 0) + 1)
  while (at < text.length && text[at] !== ']') {
    const end = afterValue(text, at)
    elements.push(text.slice(at, end))
    const comma = afterSpace(text, end)
    if (text[comma] !== ',') break
    at = afterSpace(text, comma + 1)
  }
  return elements
}

type Member = { name: string; start: number; valueStart: number; end: number }

/** Fields that the body lacks are added at its front; a field that it names twice is changed twice. */
export function editBody(text: string, edits: BodyEdits): string {
  const members = topLevelMembers(text)
  const missing = [...edits].filter(([name]) => !members.some((member) => member.name === name))
  const kept = members
    .filter(({ name }) => !edits.has(name) || edits.get(name) !== undefined)
    .map(({ name, start, valueStart, end }) => {
      const value = edits.get(name)
      return value === undefined ? text.slice(start, end) : text.slice(start, valueStart) + value
    })
  const added = missing.flatMap(([name, value]) =>
    value === undefined ? [] : [`${JSON.stringify(name)}:${value}`],
  )
  const isUntouched = added.length === 0 && kept.length === members.length
  if (!isUntouched) return `{${[...added, ...kept].join(',')}}`
  // Nothing came or went, so whatever stands between the fields stays too.
  return withValues(text, members, edits)
}

function withValues(text: string, members: readonly Member[], edits: BodyEdits): string {
  let edited = ''
  let at = 0
  for (const { name, valueStart, end } of members) {
    const value = edits.get(name)
    if (value === undefined) continue
    edited += text.slice(at, valueStart) + value
    at = end
  }
  return edited + text.slice(at)
}

const isSpace = (character: string | undefined) =>
  character === ' ' || character === '\n' || character === '\r' || character === '\t'

function topLevelMembers(text: string): Member[] {
  const members: Member[] = []
  let at = afterSpace(text, 0) + 1
  for (;;) {
    const start = afterSpace(text, at)
    if (text[start] !== '"') return members
    const nameEnd = afterString(text, start)
    const colon = afterSpace(text, nameEnd)
    const valueStart = afterSpace(text, colon + 1)
    const end = afterValue(text, valueStart)
    const name: unknown = JSON.parse(text.slice(start, nameEnd))
    members.push({ name: String(name), start, valueStart, end })
    at = afterSpace(text, end) + 1
  }
}

function afterSpace(text: string, from: number): number {
  let at = from
  while (isSpace(text[at])) at += 1
  return at
}

function afterString(text: string, from: number): number {
  let at = from + 1
  for (;;) {
    const quote = text.indexOf('"', at)
    if (quote === -1) return text.length
    // An odd number of backslashes before it: the quote is part of the text.
    let backslashes = 0
    while (text[quote - 1 - backslashes] === '\\') backslashes += 1
    if (backslashes % 2 === 0) return quote + 1
    at = quote + 1
  }
}

const structural = /["[\]{}]/g

function afterValue(text: string, from: number): number {
  const first = text[from]
  if (first === '"') return afterString(text, from)
  if (first !== '{' && first !== '[') return afterScalar(text, from)
  let depth = 0
  let at = from
  for (;;) {
    structural.lastIndex = at
    const found = structural.exec(text)
    if (found === null) return text.length
    if (found[0] === '"') {
      at = afterString(text, found.index)
      continue
    }
    depth += found[0] === '{' || found[0] === '[' ? 1 : -1
    at = found.index + 1
    if (depth === 0) return at
  }
}

const scalarEnds = /[,}\]\s]/g

function afterScalar(text: string, from: number): number {
  scalarEnds.lastIndex = from
  return scalarEnds.exec(text)?.index ?? text.length
}
